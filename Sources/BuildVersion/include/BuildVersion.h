/// What this program was built from: a tag with the number of commits since and the commit, or the commit alone.
/// Empty in a build that nobody gives away.
const char *leasehold_build(void);

#include "BuildVersion.h"

#ifndef LEASEHOLD_BUILD
#define LEASEHOLD_BUILD ""
#endif

const char *leasehold_build(void) { return LEASEHOLD_BUILD; }

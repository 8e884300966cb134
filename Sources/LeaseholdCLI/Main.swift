import ArgumentParser
import LeaseCommands

/// The `leasehold` command: everything it does is in the module LeaseCommands.
@main
struct Main {
    static func main() async { await LeaseholdCommand.main() }
}

import ArgumentParser
import LeaseCommands

/// The `leasehold` command: everything it does is in the module LeaseCommands.
@main
struct Main {
    // On the main actor, so that the shortcut is taken before any other thread is started.
    @MainActor static func main() async {
        guard !LeaseIdentify.answerAtOnce(), !CompletionValues.answerAtOnce() else { LeaseholdCommand.exit() }
        await LeaseholdCommand.runProcess()
    }
}

import Foundation

/// A program that opens web pages.
package struct Browser {
    private let program: String

    /// The desktop's browser; `nil` if there is no desktop, or no such program.
    package init?(environment: [String: String]) {
        #if canImport(Darwin)
            let (name, hasDesktop) = ("open", true)
        #else
            let name = "xdg-open"
            let hasDesktop = ["DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
        #endif
        guard hasDesktop, let found = ProgramPath.find(name, environment: environment) else { return nil }
        program = found
    }

    /// Opens an address. Errors are ignored: whoever calls this also tells the address.
    package func open(_ address: String) {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = [address]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try? process.run()
    }
}

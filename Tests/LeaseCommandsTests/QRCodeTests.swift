import Testing

@testable import LeaseCommands
@testable import Output

/// QR codes that zxing-cpp (PyPI) could read: their rows, as hexadecimal numbers.
@Suite struct QRCodeTests {
    @Test func shortText() throws {
        let code = try #require(QRCode("leasehold"))
        #expect(
            Self.rows(code) == [
                "1fcb7f", "105a41", "17595d", "174a5d", "17515d", "105341", "1fd57f", "1f00", "1a6c76", "6a073",
                "15c9ed", "3165b", "18d922", "12a9", "1fd836", "1047a0", "1746da", "175e33", "174939", "1054d0",
                "1fd33a",
            ])
    }

    /// Version 9: two blocks, two alignment patterns on each side, and bits for the version.
    @Test func longText() throws {
        let text = "https://auth.chameleoncloud.org/auth/realms/chameleon/device?user_code=ABCD-EFGH"
        let code = try #require(QRCode(text + String(repeating: "/x", count: 60)))
        #expect(
            Self.rows(code) == [
                "1fca6db9ff5c7f", "104ef4d44cf641", "1756696c28225d", "174f939686855d", "174c393f6d6c5d",
                "104096f1d7d441", "1fd5555555557f", "131f91977500", "1dff797fb7b4c4", "cb3299b10201d",
                "18f1b08922b217", "19b869627d7eda", "e40c6d4979471", "c9a6c7e292a99", "1074968782812b",
                "9ff1e81397f9", "1d719791df387a", "171692b1000035", "17dc0b27b1382b", "5a09689d7d572",
                "fc86c62797a9b", "ab0c6d692902f", "be5696b282a81", "1d281f00b711ba", "ff2797f3bfdf0",
                "1515291112011d", "555b0b5d01357", "131469517d7f1a", "17fbc6df9797f3", "1a116c45292925",
                "194f96988283db", "99ef1e277b0f9", "ae197bdb3f522", "96928b091a85", "cc20b1201236b",
                "c2596aad7d5d2", "17cc6c67797888", "136c6dc929307", "bff694e2828d9", "4b71f10b775c2",
                "16e4797ebb5080", "1593293931116f", "1bc2f0883233d7", "c20a9547d7d7a", "26bc6df9795f0",
                "1eec71292b19", "1fd516b582815f", "105271f1537511", "1757579fb5fbfa", "174e92a2013316",
                "175a8b0b3199fa", "105196a3d7d602", "1fd0ac7179783b",
            ])
    }

    @Test func whatIsTooLongHasNoCode() {
        #expect(QRCode(String(repeating: "x", count: 271))?.size == 57)
        #expect(QRCode(String(repeating: "x", count: 272)) == nil)
    }

    @Test func twoRowsMakeALine() throws {
        let code = try #require(QRCode("A"))
        let lines = code.text(isColored: false).split(separator: "\n")
        #expect(lines.count == 15)
        #expect(lines.allSatisfy { $0.count == 29 })
        #expect(code.text(isColored: true).contains("\u{1B}[38;5;16;48;5;231m"))
    }

    private static func rows(_ code: QRCode) -> [String] {
        (0..<code.size).map { row in
            let number = (0..<code.size).reduce(UInt64(0)) { $0 << 1 | (code[row, $1] ? 1 : 0) }
            return String(number, radix: 16)
        }
    }
}

import LeaseModel
import Testing

/// The digests are stored, so these must never change. The values come from the reference implementation of XXH64.
@Suite struct ContentDigestTests {
    private static let known: [(text: String, digest: UInt64)] = [
        ("", 0xef46_db37_51d8_e999),
        ("a", 0xd24e_c4f1_a98c_6e5b),
        ("abc", 0x44bc_2cf5_ad77_0999),
        ("0123456789", 0x3f5f_c178_a818_67e7),
        ("0123456789abcdef0123456789abcdef", 0x642a_9495_8e71_e6c5),
        ("The quick brown fox jumps over the lazy dog, and then over it again; 64+ bytes.", 0xc0a2_28b8_34a4_9e42),
    ]

    @Test func knownAnswers() {
        for (text, digest) in Self.known { #expect(ContentDigest.digest(of: Array(text.utf8)) == digest, "\(text)") }
    }

    @Test func longInput() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 131) }
        #expect(ContentDigest.digest(of: bytes) == 0xab71_90f1_5308_4532)
    }

    @Test func everyByteAndTheLengthCount() {
        for count in 1...100 {
            let bytes = [UInt8](repeating: 7, count: count)
            let digest = ContentDigest.digest(of: bytes)
            #expect(digest != ContentDigest.digest(of: bytes + [0]))
            for index in bytes.indices {
                var changed = bytes
                changed[index] ^= 1
                #expect(digest != ContentDigest.digest(of: changed), "byte \(index) of \(count)")
            }
        }
    }
}

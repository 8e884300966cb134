import CaptureFixtures
import LeaseModel
import Testing

@Suite("SHA-256")
struct SHA256Tests {
    @Test(
        "gives the digests of FIPS 180-4 and RFC 7636, appendix B",
        arguments: [
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                "13d31e961a1ad8ec2f16b10c4c982e0876a878ad6df144566ee1894acb70f9c3"
            ),
            (
                String(repeating: "a", count: 1_000),
                "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"
            ),
        ])
    func knownDigests(message: String, digest: String) {
        var hash = SHA256()
        hash.update(Array(message.utf8))
        #expect(hash.hexadecimal == digest)
        #expect(SHA256.digest(of: Array(message.utf8)) == hash.digest)
    }

    @Test("is the same however the message is divided", arguments: 0..<40)
    func parts(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let message = (0..<Int.random(in: 0...400, using: &random)).map { _ in
            UInt8.random(in: .min ... .max, using: &random)
        }
        var hash = SHA256()
        var start = 0
        while start < message.count {
            let end = min(message.count, start + Int.random(in: 0...130, using: &random))
            hash.update(Array(message[start..<end]))
            start = end
        }
        #expect(hash.digest == SHA256.digest(of: message))
    }
}

import LeaseModel
import OpenStackClient
import Testing

@Suite struct RetryAfterTests {
    @Test(
        arguments: [
            ("0", 0), ("17", 17), ("3600", 3_600), ("3601", 3_600), ("86400000", 3_600), ("9223372036854775806", 3_600),
            ("9223372036854775807", 3_600), ("99999999999999999999999999", 3_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 0), ("-1", nil), ("-9223372036854775808", nil), ("1e9", nil), ("", nil),
            ("soon", nil),
        ] as [(String, Int?)])
    func isAnHourAtMost(value: String, seconds: Int?) {
        #expect(RetryAfter.delay(value, now: Lab.start)?.seconds == seconds)
        #expect(RetryAfter.delay(value, now: Timestamp(secondsSince1970: .min)).map { $0.seconds <= 3_600 } ?? true)
        #expect(RetryAfter.delay(value, now: Timestamp(secondsSince1970: .max)).map { $0.seconds <= 3_600 } ?? true)
    }

    @Test func tokenThatNeverEndsIsRenewedAfterADay() async throws {
        let requests = ScriptedTransport { request in
            request.url.hasSuffix("/auth/tokens") ? tokenReply(lifeSeconds: 250_000_000_000) : .json(200, "{}")
        }
        let clock = TestClock()
        let session = Lab.session(requests, clock: clock)
        _ = try await session.identity()
        clock.set(secondsAfterStart: 86_401)
        _ = try await session.identity()
        #expect(requests.requests(to: "/auth/tokens").count == 2)
    }
}

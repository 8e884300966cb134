import LeaseModel
import OpenStackClient
import Testing

@Suite("The cloud's time")
struct CloudTimeTests {
    private let day: Int64 = 86_400

    /// A comparison of clocks at a login that took two seconds.
    private func time(
        date: Int64?, issued: Int64?, clock: TestClock = TestClock(), uptime: (@Sendable () -> Int64)? = nil
    ) -> CloudTime {
        let time = CloudTime(clock: { clock.now }, uptime: uptime)
        let moment = { (seconds: Int64?) in seconds.map { Lab.start.adding(seconds: $0) } }
        time.compare(
            date: moment(date), issuedAt: moment(issued), sent: Lab.start.adding(seconds: -2), received: Lab.start)
        return time
    }

    @Test(
        "Two times that agree are the cloud's", arguments: [0, 40, -700, 7_200, 400 * 86_400, -200 * 86_400] as [Int64])
    func agreed(secondsOff: Int64) {
        let time = time(date: secondsOff - 1, issued: secondsOff - 2)
        #expect(abs(time.secondsAhead + secondsOff) <= 2)
        #expect(abs(time.now.seconds(since: Lab.start.adding(seconds: secondsOff))) <= 2)
    }

    @Test("A slow answer does not move the clock")
    func slow() {
        let time = CloudTime(clock: { Lab.start }, uptime: nil)
        time.compare(
            date: Lab.start.adding(seconds: -50), issuedAt: Lab.start.adding(seconds: -50),
            sent: Lab.start.adding(seconds: -60), received: Lab.start)
        #expect(time.secondsAhead == 0)
    }

    @Test("After a slow login, a computer that is ahead does not take its time for later than the cloud's")
    func slowAndAhead() {
        let own = TestClock()
        let time = CloudTime(clock: { own.now }, uptime: nil)
        // The cloud's clock is 700 seconds behind; it answers 10 seconds after it was asked, and that takes 5 more.
        time.compare(
            date: Lab.start.adding(seconds: -705), issuedAt: Lab.start.adding(seconds: -705),
            sent: Lab.start.adding(seconds: -15), received: Lab.start)
        #expect(time.now == Lab.start.adding(seconds: -705))
    }

    @Test("A time that agrees with nothing is ignored")
    func alone() {
        for (date, issued) in [(400 * day, 0), (0, 400 * day), (400 * day, nil), (nil, 400 * day), (nil, nil)] {
            #expect(time(date: date, issued: issued).secondsAhead == 0)
        }
        // Nothing was learned from these, so later dates count as they are.
        let unknown = time(date: 400 * day, issued: -400 * day)
        #expect(unknown.secondsAhead == 0)
        let later = Lab.start.adding(seconds: 500 * day)
        #expect(unknown.confirmed(later, sent: Lab.start) == later)
        // A cloud that claims it is 1970 is wrong, even if two sources agree.
        #expect(time(date: -Lab.start.secondsSince1970, issued: -Lab.start.secondsSince1970).secondsAhead == 0)
    }

    @Test("A later date counts if it was the time then")
    func later() {
        let clock = TestClock()
        let uptime: @Sendable () -> Int64 = { clock.now.seconds(since: Lab.start) }
        let time = time(date: 400 * day, issued: 400 * day, clock: clock, uptime: uptime)
        let sent = time.now
        clock.set(secondsAfterStart: 90)
        #expect(time.confirmed(sent.adding(seconds: 45), sent: sent) != nil)
        #expect(time.confirmed(sent.adding(seconds: 91), sent: sent) != nil)
        #expect(time.confirmed(sent.adding(seconds: 400), sent: sent) == nil)
        #expect(time.confirmed(sent.adding(seconds: -400), sent: sent) == nil)
        #expect(time.confirmed(clock.now, sent: sent) == nil)
        #expect(time.confirmed(nil, sent: sent) == nil)
        // Without a count of seconds, somebody may have set the clock meanwhile.
        let uncounted = self.time(date: 0, issued: 0)
        #expect(uncounted.confirmed(sent, sent: Lab.start) == sent)
    }

    @Test("Setting the computer's clock meanwhile changes nothing", arguments: [-3_600, 86_400] as [Int64])
    func set(by seconds: Int64) {
        let (clock, counter) = (TestClock(), TestClock())
        let time = time(
            date: 7_200, issued: 7_200, clock: clock, uptime: { counter.now.seconds(since: Lab.start) })
        clock.set(secondsAfterStart: seconds + 10)
        counter.set(secondsAfterStart: 10)
        #expect(abs(time.now.seconds(since: Lab.start.adding(seconds: 7_210))) <= 1)
    }
}

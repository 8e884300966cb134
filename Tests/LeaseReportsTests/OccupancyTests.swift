import LeaseModel
import LeaseReports
import Testing

@Suite("The calendar of who holds what")
struct OccupancyTests {
    /// Days, weeks and months of zones whose clocks change in them, and some whose do not.
    private static let windows: [(zone: String?, unit: Bucket, moment: String)] = [
        (nil, .week, "2026-11-25 12:00"),
        ("Berlin", .day, "2026-03-29 12:00"), ("Berlin", .day, "2026-10-25 12:00"),
        ("Berlin", .month, "2026-10-25 12:00"),
        ("New_York", .week, "2026-03-08 12:00"), ("New_York", .day, "2026-11-01 12:00"),
        ("Lord_Howe", .day, "2026-10-04 01:00"), ("Lord_Howe", .week, "2026-04-05 01:00"),
        ("Havana", .day, "2026-11-01 12:00"), ("Sao_Paulo", .day, "2018-11-04 12:00"),
        ("St_Johns", .day, "2006-10-29 03:00"), ("Apia", .week, "2011-12-30 09:00"),
        ("Casablanca", .month, "2026-02-15 12:00"),
    ]

    private static func offsets(_ zone: String?) throws -> @Sendable (Timestamp) -> Int {
        guard let zone else { return { _ in 0 } }
        let rules = try Facts.zone(zone)
        return { rules.offsetSeconds(at: $0.secondsSince1970) }
    }

    /// Leases around a window: short and long, side by side and on top of each other, inside and outside.
    private static func holds(around window: Range<Timestamp>, _ random: inout SplitMix) -> [OccupancyHold] {
        let minutes = window.upperBound.seconds(since: window.lowerBound) / 60
        let lengths: [Int64] = [5, 60, minutes / 20 + 1, minutes]
        let longest = lengths.randomElement(using: &random) ?? 60
        var next = Int64.random(in: -minutes / 4...minutes / 4, using: &random)
        var holds: [OccupancyHold] = []
        for number in 0..<Int.random(in: 0...60, using: &random) {
            let isAdjacent = Int.random(in: 0..<3, using: &random) > 0
            let start = isAdjacent ? next : Int64.random(in: -minutes / 4...minutes * 5 / 4, using: &random)
            let length = Int64.random(in: 0...longest, using: &random)
            next = start + length + (Bool.random(using: &random) ? 0 : Int64.random(in: 0...longest, using: &random))
            let from = window.lowerBound.adding(seconds: start * 60)
            holds.append(
                OccupancyHold(
                    span: from..<from.adding(seconds: length * 60), lease: number,
                    holder: [.own, .project, .others].randomElement(using: &random) ?? .others))
        }
        return holds
    }

    /// Which holds are in force in each minute of a window, by trying each.
    private static func everyMinute(_ holds: [OccupancyHold], _ window: Range<Timestamp>) -> [Set<Int>] {
        (0..<Int(window.upperBound.seconds(since: window.lowerBound) / 60)).map { minute in
            let moment = window.lowerBound.adding(seconds: Int64(minute) * 60)
            return Set(holds.indices.filter { holds[$0].span.contains(moment) })
        }
    }

    @Test("agrees with trying every minute, merged or not", arguments: windows)
    func everyMinute(zone: String?, unit: Bucket, moment: String) throws {
        var random = SplitMix(seed: UInt64(moment.utf8.reduce(7) { $0 &* 31 &+ Int($1) }.magnitude))
        let offsets = try Self.offsets(zone)
        let window = OccupancyWindow(unit, holding: Facts.time(moment), offsetSeconds: offsets).span
        for _ in 0..<(unit == .month ? 2 : 10) {
            let holds = Self.holds(around: window, &random)
            let minutes = Self.everyMinute(holds, window)
            for pixels in [nil, 1, 37, 400, 2_560] {
                let row = OccupancyRow(holds, window: window, pixels: pixels)
                try check(row.cells, holds, minutes, window, pixels)
            }
        }
    }

    private func check(
        _ cells: [OccupancyCell], _ holds: [OccupancyHold], _ minutes: [Set<Int>], _ window: Range<Timestamp>,
        _ pixels: Int?
    ) throws {
        let pixel = pixels.map { OccupancyRow.secondsPerPixel(window, pixels: $0) } ?? 0
        var end = window.lowerBound
        for cell in cells {
            try #require(cell.span.lowerBound == end, "cells follow each other")
            end = cell.span.upperBound
            let seconds = end.seconds(since: cell.span.lowerBound)
            try #require(seconds > 0 && seconds % 60 == 0)
            let first = Int(cell.span.lowerBound.seconds(since: window.lowerBound) / 60)
            let part = minutes[first..<(first + Int(seconds / 60))]
            let before = first > 0 ? minutes[first - 1] : nil
            switch cell.content {
            case .free:
                #expect(part.allSatisfy { $0.isEmpty })
                #expect(before?.isEmpty != true, "a gap begins where a hold ends")
                #expect(seconds >= pixel)
            case .held(let strongest, let count):
                let held = try #require(part.first)
                #expect(part.allSatisfy { $0 == held })
                #expect(held.count == count && held.contains(strongest))
                #expect(held.allSatisfy { holds[$0].holder <= holds[strongest].holder })
                #expect(seconds >= pixel)
            case .mixed(let mix):
                #expect(mix.heldSeconds == Int64(part.filter { !$0.isEmpty }.count) * 60)
                let all = part.reduce(into: Set<Int>()) { $0.formUnion($1) }
                #expect(mix.holds == all.count)
                #expect(mix.holder == all.map { holds[$0].holder }.max())
                #expect(seconds < 2 * pixel)
            }
        }
        #expect(end == window.upperBound)
        if let pixels { #expect(cells.count <= 2 * pixels + 1) } else { #expect(!cells.contains { $0.isMixed }) }
    }

    @Test("shows a short gap as one that can be booked, in whole minutes that are still to come")
    func gaps() {
        let window = Facts.period("2026-11-28 00:00", "2026-11-29 00:00")
        func hold(_ from: String, _ to: String) -> OccupancyHold {
            OccupancyHold(span: Facts.period(from, to), lease: 0, holder: .others)
        }
        let holds = [hold("2026-11-27 20:00", "2026-11-28 13:00"), hold("2026-11-28 17:00", "2026-11-28 18:30")]
        let cells = OccupancyRow(holds, window: window, pixels: 1_000).cells
        let free = cells.filter { $0.content == .free }
        #expect(
            free.map(\.span) == [
                Facts.period("2026-11-28 13:00", "2026-11-28 17:00"),
                Facts.period("2026-11-28 18:30", "2026-11-29 00:00"),
            ])
        #expect(free.first?.bookable(at: Facts.time("2026-11-28 12:00")) == free.first?.span)
        let late = free.first?.bookable(at: Facts.time("2026-11-28 15:10").adding(seconds: 1))
        #expect(late == Facts.period("2026-11-28 15:11", "2026-11-28 17:00"))
        #expect(free.first?.bookable(at: Facts.time("2026-11-28 16:59").adding(seconds: 1)) == nil)
        #expect(cells.first?.bookable(at: window.lowerBound) == nil)
    }

    @Test("accepts any time that a database may contain")
    func extremes() {
        let window = Facts.period("2026-11-28 00:00", "2026-11-29 00:00")
        let all = OccupancyHold(
            span: Timestamp(secondsSince1970: .min)..<Timestamp(secondsSince1970: .max), lease: 0, holder: .own)
        #expect(
            OccupancyRow([all, all], window: window, pixels: 10).cells.map(\.content) == [.held(first: 0, count: 2)])
        #expect(OccupancyRow([], window: window, pixels: 0).cells.map(\.content) == [.free])
        #expect(OccupancyWindow(from: .distantPast, to: .distantFuture) == nil)
        #expect(OccupancyWindow(from: window.upperBound, to: window.lowerBound) == nil)
    }

    @Test("turns its pages without a gap, through changes of the clocks", arguments: windows)
    func paging(zone: String?, unit: Bucket, moment: String) throws {
        let offsets = try Self.offsets(zone)
        var window = OccupancyWindow(unit, holding: Facts.time(moment), offsetSeconds: offsets)
        for _ in 0..<40 {
            let next = window.next(offsetSeconds: offsets)
            #expect(next.span.lowerBound == window.span.upperBound)
            #expect(next.previous(offsetSeconds: offsets) == window)
            window = next
        }
        let any = try #require(
            OccupancyWindow(from: window.span.lowerBound.adding(seconds: 60), to: window.span.upperBound))
        #expect(any.next(offsetSeconds: offsets).previous(offsetSeconds: offsets) == any)
        #expect(any.next(offsetSeconds: offsets).span.lowerBound == any.span.upperBound)
    }

    @Test("marks the hours that the clocks show: one missing in spring, one twice in autumn")
    func hours() throws {
        func hours(_ zone: String, _ moment: String) throws -> [Int] {
            let offsets = try Self.offsets(zone)
            let window = OccupancyWindow(.day, holding: Facts.time(moment), offsetSeconds: offsets).span
            let axis = OccupancyAxis(window, offsetSeconds: offsets)
            #expect(axis.step == .hour)
            #expect(axis.marks.allSatisfy { window.contains($0.moment) && $0.clock.secondsSince1970 % 3_600 == 0 })
            return axis.marks.map(\.clock.utc.hour)
        }
        #expect(try hours("Berlin", "2026-03-29 12:00") == [0, 1] + Array(3...23))
        #expect(try hours("Berlin", "2026-10-25 12:00") == [0, 1, 2, 2] + Array(3...23))
        #expect(try hours("Berlin", "2026-11-25 12:00") == Array(0...23))
        // Half an hour is repeated there, and skipped.
        #expect(try hours("Lord_Howe", "2026-10-04 01:00") == [0, 1] + Array(3...23))
        #expect(try hours("Lord_Howe", "2026-04-05 01:00") == Array(0...23))
    }

    @Test("marks days, weeks and months where the zone's begin", arguments: ["Berlin", "Apia", "Casablanca"])
    func longAxes(zone: String) throws {
        let offsets = try Self.offsets(zone)
        let start = Facts.time("2011-11-07 10:00")
        for (days, step, bucket) in [
            (3, OccupancyAxis.Step.quarterDay, Bucket?.none), (7, .day, .day), (31, .day, .day), (90, .week, .week),
            (365, .month, .month), (3_600, .month, .month),
        ] {
            let window = start..<start.adding(seconds: Int64(days) * 86_400)
            let axis = OccupancyAxis(window, offsetSeconds: offsets)
            #expect(axis.step == step)
            #expect(axis.marks.count <= 130 && axis.marks.contains(where: \.isMajor))
            #expect(zip(axis.marks, axis.marks.dropFirst()).allSatisfy { $0.moment < $1.moment })
            guard let bucket else { continue }
            let calendar = BucketCalendar(bucket, offsetSeconds: offsets)
            #expect(axis.marks.allSatisfy { calendar.bucket(holding: $0.moment).lowerBound == $0.moment })
            #expect(axis.marks.count >= days / 32)
        }
    }
}

extension OccupancyCell {
    fileprivate var isMixed: Bool { if case .mixed = content { true } else { false } }
}

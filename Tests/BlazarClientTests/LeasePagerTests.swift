import LeaseModel
import Testing

@testable import BlazarClient

@Suite struct LeasePagerTests {
    private func page(_ count: Int, last: String? = nil, next: String? = nil) -> LeaseListSummary {
        LeaseListSummary(
            byteCount: 0, leaseCount: count, lastID: count > 0 ? last ?? "id" : nil, nextQuery: next, serverDate: nil,
            requestID: nil, requestLine: "GET /leases")
    }

    private func go(_ pager: inout LeasePager, after page: LeaseListSummary, new: Int) throws -> Bool {
        try pager.advance(after: page, new: new)
    }

    @Test func serverWithoutPagesIsAskedOnce() throws {
        var pager = LeasePager(allProjects: false)
        #expect(pager.query == "?limit=1")
        let step1 = try go(&pager, after: page(250), new: 250)
        #expect(!step1)
        var empty = LeasePager(allProjects: false)
        let step2 = try go(&empty, after: page(0), new: 0)
        #expect(!step2)
    }

    @Test func listOfOneLeaseLooksAlikeAndEnds() throws {
        var pager = LeasePager(allProjects: false)
        let step3 = try go(&pager, after: page(1, last: "a b"), new: 1)
        #expect(step3)
        #expect(pager.query == "?limit=1&marker=a%20b")
        let step4 = try go(&pager, after: page(1, last: "a b"), new: 0)
        #expect(!step4)
    }

    @Test func leaseThatIsMadeMeanwhileIsNoRepetition() throws {
        var pager = LeasePager(allProjects: false)
        _ = try pager.advance(after: page(1, last: "a"), new: 1)
        let goesOn = try go(&pager, after: page(2, last: "b"), new: 1)
        #expect(!goesOn)
    }

    @Test func markersLeadToTheEmptyPage() throws {
        var pager = LeasePager(allProjects: true)
        #expect(pager.query == "?all_tenants=True&limit=1")
        let step5 = try go(&pager, after: page(1, last: "a"), new: 1)
        #expect(step5)
        #expect(pager.query == "?all_tenants=True&limit=1&marker=a")
        let second = try go(&pager, after: page(1, last: "b"), new: 1)
        #expect(second)
        #expect(pager.query == "?all_tenants=True&limit=1000&marker=b")
        let step6 = try go(&pager, after: page(100, last: "c"), new: 100)
        #expect(step6)
        let step7 = try go(&pager, after: page(49, last: "d"), new: 49)
        #expect(step7)
        let step8 = try go(&pager, after: page(0), new: 0)
        #expect(!step8)
    }

    @Test func linksLeadToThePageWithoutOne() throws {
        var pager = LeasePager(allProjects: false)
        let step9 = try go(&pager, after: page(1, next: "limit=1&marker=x"), new: 1)
        #expect(step9)
        #expect(pager.query == "?limit=1000&marker=x")
        let step10 = try go(&pager, after: page(100, next: "marker=y&limit=1000"), new: 100)
        #expect(step10)
        let step11 = try go(&pager, after: page(49), new: 49)
        #expect(!step11)
    }

    @Test func pagesThatRepeatEndWithAnError() throws {
        var same = LeasePager(allProjects: false)
        _ = try same.advance(after: page(1, last: "a"), new: 1)
        _ = try same.advance(after: page(1, last: "b"), new: 1)
        #expect(throws: LeaseListError.pagesRepeat(page: 3)) { try same.advance(after: page(100, last: "c"), new: 99) }
        var late = LeasePager(allProjects: false)
        _ = try late.advance(after: page(1, last: "a"), new: 1)
        _ = try late.advance(after: page(1, last: "b"), new: 1)
        _ = try late.advance(after: page(100, last: "c"), new: 100)
        #expect(throws: LeaseListError.pagesRepeat(page: 4)) { try late.advance(after: page(100, last: "c"), new: 0) }
        var circle = LeasePager(allProjects: false)
        _ = try circle.advance(after: page(1, next: "marker=x"), new: 1)
        #expect(throws: LeaseListError.pagesRepeat(page: 2)) {
            try circle.advance(after: page(100, next: "marker=x"), new: 100)
        }
    }

    @Test func serverThatRefusesALimitIsAskedWithoutOne() throws {
        var pager = LeasePager(allProjects: false)
        let isSimpler = pager.simplify()
        #expect(isSimpler)
        #expect(pager.query == "")
        let step12 = try go(&pager, after: page(100, last: "b"), new: 100)
        #expect(step12)
        #expect(pager.query == "?marker=b")
        let step13 = try go(&pager, after: page(100, last: "b"), new: 0)
        #expect(!step13)
        let again = pager.simplify()
        #expect(!again)
    }
}

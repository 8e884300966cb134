import LeaseReports
import Testing

@testable import LeaseWeb

@Suite("The reports of the page")
struct ReportFormTests {
    @Test("Each report of the command has a form, and one only")
    func complete() {
        #expect(ReportForm.all.map(\.name).sorted() == ReportName.allCases.map(\.rawValue).sorted())
    }
}

import Testing

@testable import LeaseModel

@Suite struct SuggestionTests {
    @Test func suggestsWhatIsNear() {
        let names = ["start_date", "end_date", "status", "name", "id"]
        #expect(Suggestion.nearest(to: "statsu", in: names) == "status")
        #expect(Suggestion.nearest(to: "START_DATE", in: names) == "start_date")
        #expect(Suggestion.nearest(to: "star", in: names) == "start_date")
        #expect(Suggestion.nearest(to: "di", in: names) == "id")
        #expect(Suggestion.nearest(to: "project", in: names) == nil)
        #expect(Suggestion.nearest(to: "", in: names) == nil)
    }

    @Test func editDistance() {
        #expect(Suggestion.editDistance(Array("kitten"), Array("sitting")) == 3)
        #expect(Suggestion.editDistance(Array("ab"), Array("ba")) == 1)
        #expect(Suggestion.editDistance([], Array("abc")) == 3)
    }
}

import Leasehold
import MirrorFixtures
import Testing

@Suite("The file with the page's address")
struct WebAddressTests {
    @Test("has the address and how the page is served; what is not one is none")
    func file() throws {
        let mirror = try StoreFixture()
        defer { mirror.remove() }
        let place = WebAddress(database: mirror.path)
        #expect(place.page == nil)
        var page = WebAddress.Page()
        page.address = "http://127.0.0.1:1/?token=x"
        place.write(page)
        #expect(place.page == page)
        page.isReadOnly = true
        page.syncSeconds = 60
        page.clouds = ["one", "two/R"]
        page.cloudSettings = ["username": "u"]
        page.usesUTC = true
        page.basePath = "/a b"
        page.allowedHosts = ["hub"]
        place.write(page)
        #expect(place.page == page)
        place.remove()
        #expect(place.page == nil)
    }
}

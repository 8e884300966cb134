import LeaseModel
import Testing

@Suite("A site's endpoint")
struct SiteEndpointTests {
    @Test(
        "is the same however it is spelled",
        arguments: [
            "https://h:1234/v1", "HTTPS://H:1234/v1", "https://h:1234/v1/", " https://h:1234/v1// ",
            "https://user@h.:01234/v1?x=1#y",
        ])
    func spellings(url: String) { #expect(SiteEndpoint.normalized(url) == "https://h:1234/v1") }

    @Test("has no standard port")
    func ports() {
        #expect(SiteEndpoint.normalized("https://h:443") == "https://h")
        #expect(SiteEndpoint.normalized("http://h:80/") == "http://h")
        #expect(SiteEndpoint.normalized("http://h:443") == "http://h:443")
        #expect(SiteEndpoint.normalized("http://h:/a") == "http://h/a")
        #expect(SiteEndpoint.normalized("http://[2001:DB8::1]:80/A") == "http://[2001:db8::1]/A")
        #expect(SiteEndpoint.normalized("http://[::1]") == "http://[::1]")
    }

    @Test("omits the version of Keystone's API, which entries may name or not")
    func identity() {
        for url in ["https://H:5000", "https://h:5000/v3/", "https://h:5000/v2.0"] {
            #expect(SiteEndpoint.normalizedIdentity(url) == "https://h:5000")
        }
        #expect(SiteEndpoint.normalizedIdentity("https://h/identity/v3") == "https://h/identity")
    }

    @Test(
        "is a fixed point, and never crashes", arguments: ["", "://", "x", "http://", "http://@:/", "a://b:80/", "/"])
    func odd(url: String) {
        let once = SiteEndpoint.normalized(url)
        #expect(SiteEndpoint.normalized(once) == once)
    }
}

import LeaseModel
import OpenStackClient

/// A message as a web service expects it.
enum WebhookBody {
    /// The longest text that Discord accepts, in characters.
    private static let discordLimit = 2_000

    /// The address to send to, and the body.
    ///
    /// Sources: api.slack.com/messaging/webhooks and "Formatting text", discord.com/developers/docs "Execute Webhook",
    /// docs.ntfy.sh/publish "Publish as JSON".
    static func request(
        _ message: OutgoingMessage, _ shape: WebhookShape, to url: String
    ) -> (url: String, body: JSONObject) {
        switch shape {
        case .plain: return (url, message.json)
        case .slack:
            let text = message.text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
                .replacing(">", with: "&gt;")
            return (url, ["text": .string(text)])
        case .discord:
            // A name must not call everybody.
            return (
                url,
                [
                    "content": .string(String(message.text.prefix(discordLimit))),
                    "allowed_mentions": ["parse": []],
                ]
            )
        case .ntfy:
            // JSON goes to the server's root, with the topic in it.
            let (root, topic) = topic(of: url)
            return (
                root,
                ["topic": .string(topic), "title": .string(message.title), "message": .string(message.text)]
            )
        }
    }

    private static func topic(of url: String) -> (root: String, topic: String) {
        var text = url.prefix { $0 != "?" && $0 != "#" }
        while text.last == "/" { text.removeLast() }
        guard let slash = text.lastIndex(of: "/") else { return (url, "") }
        return (String(text[...slash]), String(text[text.index(after: slash)...]))
    }
}

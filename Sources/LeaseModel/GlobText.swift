/// Texts in patterns for SQLite's `GLOB`, which has no escape: a special character is put into a set of its own
/// (https://www.sqlite.org/lang_expr.html#glob).
package enum GlobText {
    /// A pattern that matches only this text. It goes by scalars, as GLOB does: a keycap is one character, and begins
    /// with a `*`.
    package static func literal(_ text: some StringProtocol) -> String {
        text.unicodeScalars.map(literal).joined()
    }

    /// A pattern that matches only this scalar.
    package static func literal(_ scalar: Unicode.Scalar) -> String {
        "*?[".unicodeScalars.contains(scalar) ? "[\(scalar)]" : "\(scalar)"
    }
}

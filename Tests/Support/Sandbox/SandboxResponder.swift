import BlazarModel
import HTTPTypes
import Hummingbird
import NIOCore

/// Passes each request to the model, and streams its answer.
struct SandboxResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    /// No client has reason to send a longer request.
    private static var longestBody: Int { 4 << 20 }
    private static var pieceLength: Int { 256 << 10 }

    let cloud: SandboxCloud

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let body = try await request.body.collect(upTo: Self.longestBody)
        let answer = await cloud.answer(
            ModelRequest(
                method: request.method.rawValue, target: request.head.path ?? "/",
                headers: request.headers.map { ($0.name.rawName, $0.value) }, body: Array(body.readableBytesView)))
        var fields = HTTPFields()
        for (name, value) in answer.headers where name.lowercased() != "content-length" {
            guard let fieldName = HTTPField.Name(name) else { continue }
            fields.append(HTTPField(name: fieldName, value: value))
        }
        let status = HTTPResponse.Status(code: answer.status)
        if request.method == .head {
            let length = answer.header("Content-Length").flatMap(Int.init)
            return Response(
                status: status, headers: fields,
                body: ResponseBody(contentLength: length) { writer in
                    try await writer.finish(nil)
                })
        }
        guard answer.status != 204 else { return Response(status: status, headers: fields) }
        return Response(status: status, headers: fields, body: Self.stream(answer))
    }

    /// The body in pieces of a few hundred kilobytes, so that a list of 158 MB is never copied as a whole.
    private static func stream(_ answer: ModelResponse) -> ResponseBody {
        let chunks = answer.chunks
        guard answer.contentLength > pieceLength else {
            return ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        }
        return ResponseBody(contentLength: answer.contentLength) { writer in
            var piece = ByteBuffer()
            piece.reserveCapacity(pieceLength + 8_192)
            for chunk in chunks {
                piece.writeBytes(chunk)
                guard piece.readableBytes >= pieceLength else { continue }
                try await writer.write(piece)
                piece.clear()
            }
            try await writer.write(piece)
            try await writer.finish(nil)
        }
    }
}

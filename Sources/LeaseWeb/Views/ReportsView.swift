import HTTPTypes
import LeaseModel
import LeaseText
import Leasehold
import Output

/// `/reports`: the reports as forms, with their charts and tables.
///
/// The reports are those of the command, made by the command's own code, which ``WebServer/Settings/report`` leads to.
enum ReportsView {
    /// The list of reports.
    static func list(_ request: WebRequest) async throws -> WebPage {
        WebPage(title: "Reports", template: "reports", data: ["reports": menu(request, chosen: nil)])
    }

    /// A report.
    static func show(_ request: WebRequest) async throws -> WebPage {
        guard let form = ReportForm.all.first(where: { $0.name == request.parameters["name"] }) else {
            throw WebError.notFound
        }
        guard let report = request.site.settings.report else {
            throw WebError(.notFound, "This server makes no reports.")
        }
        let common = request.clouds.map { "--os-cloud=\($0)" }
        let arguments = form.arguments(request.query)
        if let format = request.format.output {
            let text = try await report(
                ["report"] + arguments + common + ["-f", format.rawValue, "--spreadsheet-safe"])
            return WebPage(title: form.title, template: "report", data: [:], table: WebTable(text: { text }))
        }
        var data: WebData = [
            "title": form.title, "summary": form.summary, "reports": menu(request, chosen: form.name),
            "fields": form.fields.map { field($0, request.query) }, "name": form.name,
            "command": (["leasehold", "report"] + arguments).map(ShellWord.quoted).joined(separator: " "),
            "json": request.link("/reports/\(form.name).json", request.query),
            "csv": request.link("/reports/\(form.name).csv", request.query),
            "error": "", "has_error": false, "patterns": "", "content": "", "omitted": 0, "has_omitted": false,
        ]
        do {
            let text = ReportText(try await report(["report"] + arguments + common + ["-f", "html"]))
            data["patterns"] = text.patterns
            data["content"] = text.content
            data["omitted"] = text.omittedRows
            data["has_omitted"] = text.omittedRows > 0
        } catch let error as LeaseholdError where error.code != .database {
            data["error"] = error.message
            data["has_error"] = true
            return WebPage(title: form.title, template: "report", data: data).refused()
        }
        return WebPage(title: form.title, template: "report", data: data)
    }

    private static func menu(_ request: WebRequest, chosen: String?) -> [WebData] {
        ReportForm.all.map { form in
            [
                "title": form.title, "summary": form.summary, "link": request.link("/reports/\(form.name)"),
                "is_chosen": form.name == chosen,
            ]
        }
    }

    private static func field(_ field: ReportForm.Field, _ query: WebFields) -> WebData {
        let value = query[field.name] ?? ""
        // What a person typed into the address stays a choice.
        let choices = field.choices.contains(value) || value.isEmpty ? field.choices : field.choices + [value]
        return [
            "name": field.name, "label": field.label, "value": value, "example": field.example,
            "is_text": field.choices.isEmpty, "has_choices": !field.choices.isEmpty,
            "choices": choices.map { ["value": $0, "is_chosen": $0 == value] as WebData },
        ]
    }
}

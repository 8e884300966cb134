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
        let (form, report) = try report(request)
        if let format = request.format.output {
            let text = try await report(["-f", format.rawValue, "--spreadsheet-safe"])
            return WebPage(
                title: form.title, template: "report", data: [:], table: WebTable(part: { (_: Int?) in (text, nil) }))
        }
        let path = "/reports/\(form.name)"
        let query = request.query.without(["notice"])
        var data: WebData = [
            "title": form.title, "summary": form.summary, "reports": menu(request, chosen: form.name),
            "fields": form.fields.map { field($0, request.query) }, "name": form.name,
            "command": command(form, request), "json": request.link("\(path).json", query),
            "csv": request.link("\(path).csv", query), "file": request.link("\(path)/file", query),
            "error": "", "has_error": false, "patterns": "", "content": "", "omitted": 0, "has_omitted": false,
            "omits_charts": false,
        ]
        do {
            let text = ReportText(try await report(["-f", "html"]))
            data["patterns"] = text.patterns
            data["content"] = text.content
            data["omitted"] = text.omittedRows
            data["has_omitted"] = text.omittedRows > 0
            data["omits_charts"] = text.omitsCharts
        } catch let error as LeaseholdError where error.code != .database {
            data["error"] = error.message
            data["has_error"] = true
            return WebPage(title: form.title, template: "report", data: data).refused()
        }
        return WebPage(title: form.title, template: "report", data: data)
    }

    /// A report as a page in one file.
    static func file(_ request: WebRequest) async throws -> WebPage {
        let (form, report) = try report(request)
        return .file(
            name: "leasehold-\(form.name).html", type: WebFormat.html.type, text: try await report(["-f", "html"]))
    }

    /// The form that is asked for, and what makes its report in a format.
    private static func report(
        _ request: WebRequest
    ) throws -> (form: ReportForm, report: (_ format: [String]) async throws -> String) {
        guard let form = ReportForm.all.first(where: { $0.name == request.parameters["name"] }),
            let report = request.site.settings.report
        else { throw WebError.notFound }
        let arguments = ["report"] + form.arguments(request.query) + clouds(request)
        return (form, { try await report(arguments + $0) })
    }

    /// The option for the clouds that the page shows, whatever the environment says.
    private static func clouds(_ request: WebRequest) -> [String] {
        (request.scopes == nil ? ["all"] : request.clouds).map { "--os-cloud=\($0)" }
    }

    /// The command that gives the same in a shell.
    private static func command(_ form: ReportForm, _ request: WebRequest) -> String {
        let clouds = request.clouds.isEmpty ? [] : clouds(request)
        let words = ["leasehold", "report"] + form.arguments(request.query) + clouds
        return (words + request.site.settings.commandOptions).map(ShellWord.quoted).joined(separator: " ")
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

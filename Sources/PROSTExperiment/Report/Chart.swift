/// A figure as SVG: points with lines and error bars over two axes.
struct Chart {
    struct Point {
        var x: Double
        var y: Double
        var halfWidth: Double?
    }

    struct Curve {
        var name: String
        var points: [Point]
        /// Drawn dashed and without points: what theory says.
        var isTheory = false
    }

    var title: String
    var xName: String
    var yName: String
    var curves: [Curve]
    /// Equal steps of x are equal factors.
    var isLogarithmic = false
    /// Columns from zero instead of lines.
    var isHistogram = false

    private static let width = 560.0
    private static let height = 340.0
    private static let left = 64.0
    private static let right = 16.0
    private static let top = 36.0
    private static let bottom = 52.0
    private static let colours = ["#1f5fa8", "#c2410c", "#15803d", "#7e22ce", "#a16207", "#0e7490"]

    private var xs: [Double] { curves.flatMap { $0.points.map(\.x) } }
    private var ys: [Double] {
        curves.flatMap { curve in
            curve.points.flatMap { [$0.y - ($0.halfWidth ?? 0), $0.y + ($0.halfWidth ?? 0)] }
        }
    }

    func svg() -> String {
        guard let least = xs.min(), let most = xs.max(), let high = ys.max() else { return "" }
        let low = min(ys.min() ?? 0, 0)
        let scale = Scale(
            x: least...max(most, least + 1e-9),
            y: Ticks.nice(low, max(high, low + 1e-9)),
            isLogarithmic: isLogarithmic && least > 0
        )
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" "
                + "role=\"img\" aria-label=\"\(Markup.escaped(title))\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>",
            Self.text(Self.left, 20, title, anchor: "start", weight: "600"),
        ]
        parts += axes(scale)
        for (index, curve) in curves.enumerated() {
            parts += draw(curve, Self.colours[index % Self.colours.count], scale)
        }
        parts += legend()
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    struct Scale {
        var x: ClosedRange<Double>
        var y: Ticks
        var isLogarithmic: Bool

        func across(_ value: Double) -> Double {
            let share =
                isLogarithmic
                ? Scale.log2(value / x.lowerBound)
                    / max(Scale.log2(x.upperBound / x.lowerBound), 1e-9)
                : (value - x.lowerBound) / (x.upperBound - x.lowerBound)
            return Chart.left + 8 + share * (Chart.width - Chart.left - Chart.right - 16)
        }

        func up(_ value: Double) -> Double {
            let share = (value - y.low) / (y.high - y.low)
            return Chart.height - Chart.bottom - share * (Chart.height - Chart.top - Chart.bottom)
        }

        static func log2(_ value: Double) -> Double { Theory.log2(value) }
    }

    private func axes(_ scale: Scale) -> [String] {
        let floor = Self.height - Self.bottom
        var parts: [String] = []
        for tick in scale.y.values {
            let y = scale.up(tick)
            parts.append(Self.line(Self.left, y, Self.width - Self.right, y, "#e5e7eb"))
            parts.append(
                Self.text(
                    Self.left - 6,
                    y + 4,
                    NumberText.short(tick),
                    anchor: "end",
                    weight: "400"
                )
            )
        }
        parts.append(Self.line(Self.left, floor, Self.width - Self.right, floor, "#6b7280"))
        var shown: [Double] = []
        for x in Set(xs).sorted() {
            let place = scale.across(x)
            if let last = shown.last, place - last < 34 { continue }
            shown.append(place)
            parts.append(Self.line(place, floor, place, floor + 4, "#6b7280"))
            parts.append(
                Self.text(place, floor + 17, NumberText.short(x), anchor: "middle", weight: "400")
            )
        }
        let middle = (Self.left + Self.width - Self.right) / 2
        parts.append(Self.text(middle, Self.height - 14, xName, anchor: "middle", weight: "400"))
        parts.append(
            "<text transform=\"translate(14 \(Self.round(Self.height / 2))) rotate(-90)\" "
                + "text-anchor=\"middle\">\(Markup.escaped(yName))</text>"
        )
        return parts
    }

    private func draw(_ curve: Curve, _ colour: String, _ scale: Scale) -> [String] {
        if isHistogram, !curve.isTheory { return columns(curve, colour, scale) }
        let places = curve.points.map { (scale.across($0.x), scale.up($0.y)) }
        let path = places.map { "\(Self.round($0.0)),\(Self.round($0.1))" }.joined(separator: " ")
        let dash = curve.isTheory ? " stroke-dasharray=\"5 4\"" : ""
        var parts = [
            "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.6\"\(dash)/>"
        ]
        guard !curve.isTheory else { return parts }
        for (point, place) in zip(curve.points, places) {
            parts.append(
                "<circle cx=\"\(Self.round(place.0))\" cy=\"\(Self.round(place.1))\" r=\"3\" fill=\"\(colour)\"/>"
            )
            guard let half = point.halfWidth, half > 0 else { continue }
            parts.append(
                Self.line(
                    place.0,
                    scale.up(point.y - half),
                    place.0,
                    scale.up(point.y + half),
                    colour
                )
            )
        }
        return parts
    }

    private func columns(_ curve: Curve, _ colour: String, _ scale: Scale) -> [String] {
        let width = max(2, (Self.width - Self.left - Self.right) / Double(max(xs.count, 1)) * 0.7)
        return curve.points.map { point in
            let x = scale.across(point.x) - width / 2
            let y = scale.up(point.y)
            let height = Self.height - Self.bottom - y
            return
                "<rect x=\"\(Self.round(x))\" y=\"\(Self.round(y))\" width=\"\(Self.round(width))\" "
                + "height=\"\(Self.round(max(height, 0)))\" fill=\"\(colour)\" fill-opacity=\"0.8\"/>"
        }
    }

    private func legend() -> [String] {
        guard curves.count > 1 else { return [] }
        return curves.enumerated().flatMap { index, curve -> [String] in
            let y = Self.top + 8 + Double(index) * 16
            let x = Self.width - Self.right - 150
            let colour = Self.colours[index % Self.colours.count]
            return [
                Self.line(x, y, x + 18, y, colour),
                Self.text(x + 24, y + 4, curve.name, anchor: "start", weight: "400"),
            ]
        }
    }

    private static func round(_ value: Double) -> String { NumberText.fixed(value, 1) }

    private static func line(
        _ x1: Double,
        _ y1: Double,
        _ x2: Double,
        _ y2: Double,
        _ colour: String
    ) -> String {
        "<line x1=\"\(round(x1))\" y1=\"\(round(y1))\" x2=\"\(round(x2))\" y2=\"\(round(y2))\" "
            + "stroke=\"\(colour)\"/>"
    }

    private static func text(
        _ x: Double,
        _ y: Double,
        _ text: String,
        anchor: String,
        weight: String
    ) -> String {
        "<text x=\"\(round(x))\" y=\"\(round(y))\" text-anchor=\"\(anchor)\" "
            + "font-weight=\"\(weight)\">\(Markup.escaped(text))</text>"
    }
}

/// Round values along an axis.
struct Ticks {
    var low: Double
    var high: Double
    var values: [Double]

    static func nice(_ low: Double, _ high: Double) -> Ticks {
        let span = high - low
        var step = 1.0
        while step * 10 < span { step *= 10 }
        while step > span, step > 1e-12 { step /= 10 }
        if span / step > 5 { step *= 2 }
        if span / step < 2.5 { step /= 2 }
        var value = (low / step).rounded(.down) * step
        let start = value
        var values: [Double] = []
        while value < high + step * 0.999, values.count < 24 {
            values.append(value)
            value += step
        }
        return Ticks(low: start, high: values.last ?? high, values: values)
    }
}

/// Text inside HTML and SVG.
enum Markup {
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
        return result
    }
}

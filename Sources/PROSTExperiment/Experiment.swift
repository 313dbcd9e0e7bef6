/// A whole experiment: what stays the same, what is swept, with which seeds, and what is expected.
package struct Experiment: Hashable, Sendable {
    /// One swept parameter with its values, in the order of the file.
    package struct Axis: Hashable, Sendable {
        package var key: String
        package var values: [String]
    }

    package var name: String
    package var description: String
    package var values = ParameterValues()
    package var axes: [Axis] = []
    package var seeds: [UInt64] = [1]
    package var expectations: [Expectation] = []
    /// Folder that files it names are relative to.
    package var folder: String

    /// One simulation of the sweep.
    package struct Run: Hashable, Sendable {
        /// From 1, in the order of the sweep; seeds vary fastest.
        package var number: Int
        package var seed: UInt64
        package var values: ParameterValues
        /// The swept parameters of this run.
        package var point: [String: String]
    }

    /// Most runs of one experiment.
    package static let runLimit = 100_000

    /// Every point of the sweep with every seed.
    package var runs: [Run] {
        var points: [[(String, String)]] = [[]]
        for axis in axes {
            points = points.flatMap { point in axis.values.map { point + [(axis.key, $0)] } }
        }
        var runs: [Run] = []
        for point in points {
            var values = values
            for (key, value) in point { values.set(key, value) }
            for seed in seeds {
                runs.append(
                    Run(
                        number: runs.count + 1,
                        seed: seed,
                        values: values,
                        point: Dictionary(point, uniquingKeysWith: { $1 })
                    )
                )
            }
        }
        return runs
    }

    /// `Int.max` for more than can be counted; `runs` is then not to be asked for.
    package var runCount: Int {
        axes.reduce(seeds.count) {
            let (product, isOver) = $0.multipliedReportingOverflow(by: $1.values.count)
            return isOver ? .max : product
        }
    }
}

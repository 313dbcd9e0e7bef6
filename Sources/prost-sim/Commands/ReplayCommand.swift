internal import ArgumentParser
internal import PROSTExperiment

/// Plays one run up to a point and shows the nodes there.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Play one run again up to an event or a time, and show what the nodes hold."
    )

    @Argument(help: "Folder of results.")
    var folder: String
    @Option(name: .customLong("run"), help: "Which run, from 1.")
    var number = 1
    @Option(help: "Stop before this event of the simulation has happened.")
    var untilEvent: UInt64?
    @Option(help: "Stop at this virtual time, seconds.")
    var until: Double?
    @Option(help: "Only this machine.")
    var node: Int?
    @Option(help: "Show this many of the last events.")
    var events = 0
    @OptionGroup var output: OutputOptions

    func run() throws {
        try reporting(asJSON: output.json) {
            let (experiment, _) = try Results.experiment(
                of: ResultFolder(folder),
                readsFiles: false
            )
            guard let plan = experiment.runs.first(where: { $0.number == number }) else {
                throw CommandFailure(.usage, "there is no run \(number)")
            }
            if let until, !(0...1e9).contains(until) {
                throw CommandFailure(.usage, "--until is a number of seconds")
            }
            let execution = try RunExecution(plan, folder: experiment.folder)
            let stop = ReplayStop(
                event: untilEvent,
                nanoseconds: until.map { UInt64($0 * 1e9) },
                lastEvents: max(0, min(events, 10_000))
            )
            var view = try execution.replay(to: stop)
            view.nodes = view.nodes.filter { node == nil || $0.machine == node }
            if output.json { return print(Terminal.json(view)) }
            for line in view.events { print(line) }
            print(
                "event \(view.eventCount), \(NumberText.short(view.seconds)) s, "
                    + "fingerprint \(view.fingerprint)"
            )
            for violation in view.violations { print("violation: \(violation)") }
            let rows = view.nodes.map { row in
                [
                    "\(row.machine)", row.id, row.phase, row.predecessor,
                    row.successors.joined(separator: " "), row.suspects.joined(separator: " "),
                ]
            }
            print(
                Terminal.table(
                    [["machine", "id", "phase", "predecessor", "successors", "suspects"]] + rows
                )
            )
        }
    }
}

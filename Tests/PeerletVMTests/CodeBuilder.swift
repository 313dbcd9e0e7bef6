import PeerletBytecode
import PeerletVM

/// Assembles one function's code with labels; branch offsets get their shortest form.
struct CodeBuilder {
    struct Label: Hashable {
        let number: Int
    }

    private enum Item {
        case instruction(Instruction)
        case branch(Opcode, Label)
        case table([Label], Label)
        case mark(Label)
    }

    private var items: [Item] = []
    private var labels = 0

    mutating func label() -> Label {
        labels += 1
        return Label(number: labels)
    }

    mutating func mark(_ label: Label) { items.append(.mark(label)) }

    mutating func add(_ opcode: Opcode, _ operand: Instruction.Operand = .none) {
        items.append(.instruction(Instruction(opcode, operand)))
    }

    mutating func const(_ value: Int64) { add(.const, .constant(value)) }

    mutating func branch(_ opcode: Opcode, _ label: Label) { items.append(.branch(opcode, label)) }

    mutating func table(_ targets: [Label], _ otherwise: Label) {
        items.append(.table(targets, otherwise))
    }

    /// Offsets grow until nothing changes, which ends as sizes never shrink.
    func build() -> [UInt8] {
        var offsets: [Label: UInt32] = [:]
        while true {
            var encoder = InstructionEncoder()
            var found: [Label: UInt32] = [:]
            for item in items {
                switch item {
                case .instruction(let instruction): encoder.append(instruction)
                case .branch(let opcode, let label):
                    encoder.append(Instruction(opcode, .target(offsets[label, default: 0])))
                case .table(let targets, let otherwise):
                    encoder.append(
                        Instruction(
                            .brTable,
                            .targets(
                                targets.map { offsets[$0, default: 0] },
                                default: offsets[otherwise, default: 0]
                            )
                        )
                    )
                case .mark(let label): found[label] = UInt32(encoder.code.count)
                }
            }
            if found == offsets { return encoder.code }
            offsets = found
        }
    }

    static func code(_ build: (inout CodeBuilder) -> Void) -> [UInt8] {
        var builder = CodeBuilder()
        build(&builder)
        return builder.build()
    }
}

extension ProgramImage {
    /// A program with one exported function `main`.
    static func main(
        parameters: Int = 0,
        results: Int = 0,
        locals: Int = 0,
        pages: UInt32 = 0,
        maximumPages: UInt32? = nil,
        _ build: (inout CodeBuilder) -> Void
    ) -> ProgramImage {
        var image = ProgramImage()
        image.memory.initialPages = pages
        image.memory.maximumPages = maximumPages ?? pages
        image.functions = [
            FunctionBody(
                parameterCount: UInt8(parameters),
                resultCount: UInt8(results),
                localCount: UInt16(locals),
                code: CodeBuilder.code(build)
            )
        ]
        image.exports = [Export(name: "main", function: 0)]
        return image
    }

    func machine(
        _ arguments: [Int64] = [],
        limits: MachineLimits = MachineLimits(memoryPages: 64),
        fuel: UInt64 = 0
    ) throws -> Machine {
        let program = try Verifier.verify(self)
        let machine = try Machine(program: program, limits: limits)
        guard let entry = program.entryPoint(named: "main") else { throw MissingEntry() }
        try machine.start(entry, arguments: arguments)
        machine.addFuel(fuel)
        return machine
    }

    struct MissingEntry: Error {}
}

/// The tests' own seeded generator (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func chance(_ one: Int, in all: Int) -> Bool { below(all) < one }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
}

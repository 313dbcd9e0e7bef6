import PeerletBytecode
import PeerletVM
import Testing

/// One test per rule of `Spec/isa/validation.md`: the smallest program that breaks it alone and its
/// neighbour that does not.
@Suite struct ValidationTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let rule: ValidationRule
        let bad: ProgramImage
        let good: ProgramImage

        var testDescription: String { "V\(rule.number)" }
    }

    static func code(
        _ bytes: [UInt8],
        parameters: UInt8 = 0,
        results: UInt8 = 0,
        locals: UInt16 = 0
    ) -> ProgramImage {
        var image = ProgramImage()
        image.functions = [
            .init(
                parameterCount: parameters,
                resultCount: results,
                localCount: locals,
                code: bytes
            )
        ]
        return image
    }

    static func image(_ change: (inout ProgramImage) -> Void) -> ProgramImage {
        var image = code([ret])
        change(&image)
        return image
    }

    static let ret = Opcode.ret.rawValue
    static let br = Opcode.br.rawValue
    static let brIf = Opcode.brIf.rawValue
    static let const = Opcode.const.rawValue
    static let drop = Opcode.drop.rawValue
    static let nop = Opcode.nop.rawValue
    static let trap = Opcode.trap.rawValue

    static func functions(_ count: Int) -> [ProgramImage.FunctionBody] {
        Array(repeating: code([ret]).functions[0], count: count)
    }

    static func imports(_ names: [String]) -> [ProgramImage.HostImport] {
        names.map { name in
            let count = HostABI.call(named: name).map { HostABI.info($0).parameters.count } ?? 0
            return .init(name: name, parameterCount: UInt8(count))
        }
    }

    static func exports(_ names: [String]) -> [ProgramImage.Export] {
        names.map { .init(name: $0, function: 0) }
    }

    static func memory(_ initial: UInt32, _ maximum: UInt32) -> ProgramImage.MemoryLayout {
        var layout = ProgramImage.MemoryLayout()
        layout.initialPages = initial
        layout.maximumPages = maximum
        return layout
    }

    static func segments(_ count: Int) -> ProgramImage {
        image {
            $0.memory = memory(1, 1)
            $0.data = Array(repeating: .init(address: 0, bytes: []), count: count)
        }
    }

    static let imageCases: [Case] = [
        Case(
            rule: .functionCount,
            bad: image { $0.functions = functions(BytecodeLimits.functions + 1) },
            good: image { $0.functions = functions(BytecodeLimits.functions) }
        ),
        Case(
            rule: .importCount,
            bad: image {
                $0.imports = Array(
                    repeating: .init(name: "time.now", parameterCount: 1),
                    count: BytecodeLimits.imports + 1
                )
            },
            good: image { $0.imports = imports(HostABI.rows.map(\.name)) }
        ),
        Case(
            rule: .importKnown,
            bad: image { $0.imports = imports(["time.then"]) },
            good: image { $0.imports = imports(["time.now"]) }
        ),
        Case(
            rule: .importArity,
            bad: image { $0.imports = [.init(name: "time.now", parameterCount: 2)] },
            good: image { $0.imports = [.init(name: "time.now", parameterCount: 1)] }
        ),
        Case(
            rule: .importUnique,
            bad: image { $0.imports = imports(["time.now", "time.now"]) },
            good: image { $0.imports = imports(["time.now", "kbr.self"]) }
        ),
        Case(
            rule: .exportCount,
            bad: image { $0.exports = exports((0...BytecodeLimits.exports).map { "e\($0)" }) },
            good: image { $0.exports = exports((0..<BytecodeLimits.exports).map { "e\($0)" }) }
        ),
        Case(
            rule: .exportName,
            bad: image { $0.exports = exports([""]) },
            good: image {
                $0.exports = exports([
                    "a", String(repeating: "b", count: BytecodeLimits.nameLength),
                ])
            }
        ),
        Case(
            rule: .exportUnique,
            bad: image { $0.exports = exports(["a", "a"]) },
            good: image { $0.exports = exports(["a", "b"]) }
        ),
        Case(
            rule: .exportTarget,
            bad: image { $0.exports = [.init(name: "a", function: 1)] },
            good: image { $0.exports = [.init(name: "a", function: 0)] }
        ),
        Case(
            rule: .exportUpcall,
            bad: image { $0.exports = exports(["init"]) },
            good: {
                var image = code([const, 0, ret], parameters: 1, results: 1)
                image.exports = exports(["init"])
                return image
            }()
        ),
        Case(
            rule: .globalCount,
            bad: image { $0.globals = Array(repeating: 0, count: BytecodeLimits.globals + 1) },
            good: image { $0.globals = Array(repeating: 0, count: BytecodeLimits.globals) }
        ),
        Case(
            rule: .tableSize,
            bad: image { $0.table = Array(repeating: 0, count: BytecodeLimits.table + 1) },
            good: image { $0.table = Array(repeating: 0, count: BytecodeLimits.table) }
        ),
        Case(
            rule: .tableEntry,
            bad: image { $0.table = [1] },
            good: image { $0.table = [0] }
        ),
        Case(
            rule: .memoryBounds,
            bad: image { $0.memory = memory(2, 1) },
            good: image { $0.memory = memory(1, UInt32(BytecodeLimits.memoryPages)) }
        ),
        Case(
            rule: .memoryInbox,
            bad: image {
                $0.memory = memory(1, 1)
                $0.memory.inboxAddress = 4000
                $0.memory.inboxCapacity = 97
            },
            good: image {
                $0.memory = memory(1, 1)
                $0.memory.inboxAddress = 4000
                $0.memory.inboxCapacity = 96
            }
        ),
        Case(
            rule: .dataSize,
            bad: segments(BytecodeLimits.dataSegments + 1),
            good: segments(BytecodeLimits.dataSegments)
        ),
        Case(
            rule: .dataBounds,
            bad: image {
                $0.memory = memory(1, 1)
                $0.data = [.init(address: 4095, bytes: [1, 2])]
            },
            good: image {
                $0.memory = memory(1, 1)
                $0.data = [.init(address: 4095, bytes: [1])]
            }
        ),
    ]

    static func constants(_ count: Int, drops: Int) -> [UInt8] {
        (0..<count).flatMap { _ in [const, 0] } + Array(repeating: drop, count: drops) + [ret]
    }

    static func nops(_ count: Int) -> [UInt8] { Array(repeating: nop, count: count) + [trap, 0] }

    static func call(_ opcode: Opcode, _ operand: Instruction.Operand) -> [UInt8] {
        InstructionEncoder.encode(Instruction(opcode, operand))
    }

    static let codeCases: [Case] = [
        Case(
            rule: .functionSignature,
            bad: code([trap, 0], results: UInt8(BytecodeLimits.results + 1)),
            good: code(
                [trap, 0],
                parameters: UInt8(BytecodeLimits.parameters),
                results: UInt8(BytecodeLimits.results)
            )
        ),
        Case(
            rule: .functionLocals,
            bad: code([ret], parameters: 1, locals: UInt16(BytecodeLimits.locals)),
            good: code([ret], parameters: 1, locals: UInt16(BytecodeLimits.locals - 1))
        ),
        Case(rule: .codeSize, bad: code([]), good: code([ret])),
        Case(
            rule: .programSize,
            bad: image {
                let full = BytecodeLimits.programCode / BytecodeLimits.functionCode
                $0.functions = Array(repeating: .init(large(65536)), count: full) + functions(1)
            },
            good: image {
                let full = BytecodeLimits.programCode / BytecodeLimits.functionCode
                $0.functions = Array(repeating: .init(large(65536)), count: full)
            }
        ),
        Case(rule: .opcodeKnown, bad: code([0xFF]), good: code([ret])),
        Case(
            rule: .operandForm,
            bad: code([const, 0x80, 0, drop, ret]),
            good: code([const, 0, drop, ret])
        ),
        Case(
            rule: .localIndex,
            bad: code([Opcode.localGet.rawValue, 1, drop, ret], locals: 1),
            good: code([Opcode.localGet.rawValue, 0, drop, ret], locals: 1)
        ),
        Case(
            rule: .globalIndex,
            bad: image {
                $0.functions = code([Opcode.globalGet.rawValue, 0, drop, ret]).functions
            },
            good: image {
                $0.functions = code([Opcode.globalGet.rawValue, 0, drop, ret]).functions
                $0.globals = [1]
            }
        ),
        Case(
            rule: .functionIndex,
            bad: code(call(.call, .index(1)) + [ret]),
            good: code(call(.call, .index(0)) + [ret])
        ),
        Case(
            rule: .importIndex,
            bad: code(call(.host, .index(0)) + [drop, ret]),
            good: image {
                $0.functions = code([const, 0] + call(.host, .index(0)) + [drop, ret]).functions
                $0.imports = imports(["time.now"])
            }
        ),
        Case(
            rule: .indirectSignature,
            bad: code(
                [const, 0] + call(.callIndirect, .signature(parameters: 0, results: 17)) + [
                    trap, 0,
                ]
            ),
            good: code(
                [const, 0] + call(.callIndirect, .signature(parameters: 0, results: 16)) + [
                    trap, 0,
                ]
            )
        ),
        Case(rule: .stackUnderflow, bad: code([drop, ret]), good: code([const, 0, drop, ret])),
        Case(
            rule: .stackLimit,
            bad: code(
                constants(BytecodeLimits.stackHeight + 1, drops: BytecodeLimits.stackHeight + 1)
            ),
            good: code(constants(BytecodeLimits.stackHeight, drops: BytecodeLimits.stackHeight))
        ),
        Case(rule: .branchTarget, bad: code([br, 1]), good: code([br, 0])),
        Case(
            rule: .branchHeight,
            bad: code([const, 0, br, 0]),
            good: code([const, 0, br, 2])
        ),
        Case(
            rule: .returnHeight,
            bad: code([const, 0, ret]),
            good: code([const, 0, ret], results: 1)
        ),
        Case(rule: .pathEnd, bad: code([nop]), good: code([nop, ret])),
        Case(rule: .deadCode, bad: code([ret, ret]), good: code([br, 3, ret, br, 2])),
        Case(
            rule: .blockPrice,
            bad: code(nops(Int(BytecodeLimits.blockPrice))),
            good: code(nops(Int(BytecodeLimits.blockPrice) - 1))
        ),
    ]

    /// So many bytes of code, in blocks that are short enough.
    static func large(_ size: Int) -> [UInt8] {
        let loops = Array(repeating: [const, 0, brIf, 0], count: (size - 1) / 4).joined()
        return loops + Array(repeating: nop, count: (size - 1) % 4) + [ret]
    }

    @Test(arguments: imageCases + codeCases)
    func `a program that breaks one rule is refused by that rule, its neighbour passes`(
        _ sample: Case
    ) throws {
        do {
            _ = try Verifier.verify(sample.bad)
            Issue.record("accepted a program that breaks V\(sample.rule.number)")
        } catch {
            #expect(error.rule == sample.rule, "\(error)")
        }
        _ = try Verifier.verify(sample.good)
    }

    @Test func `every rule has its test`() {
        #expect((Self.imageCases + Self.codeCases).map(\.rule) == ValidationRule.allCases)
    }

    static let otherBadCode: [(ValidationRule, [UInt8])] = [
        (.branchTarget, [br, 3, const, 5, ret]),
        (.branchTarget, [br, 2]),
        (.branchTarget, [const, 0, brIf, 1, ret]),
        (.branchHeight, [const, 0, brIf, 6, const, 0, ret]),
        (.branchHeight, [const, 0, const, 0, brIf, 0, drop, ret]),
        (.pathEnd, [const, 0, brIf, 0]),
        (.operandForm, [Opcode.brTable.rawValue, 0xFF, 0xFF, 3]),
        (.operandForm, [Opcode.brTable.rawValue, 4, 0]),
        (.operandForm, [const]),
        (.operandForm, [const] + Array(repeating: 0xFF, count: 9) + [1, drop, ret]),
        (.opcodeKnown, [br, 3, 0xFE, ret]),
        (.deadCode, [trap, 0, const, 0, drop, ret]),
    ]

    @Test func `branches are refused into operands, beyond the end and at other heights`() {
        for (rule, code) in Self.otherBadCode {
            #expect(throws: VerificationError.self) { try Verifier.verify(Self.code(code)) }
            do {
                _ = try Verifier.verify(Self.code(code))
            } catch {
                #expect(error.rule == rule, "\(error)")
            }
        }
    }

    @Test func `an error names the function and the byte`() throws {
        var image = Self.code([Self.ret])
        image.functions += Self.code([Self.nop, Self.drop, Self.ret]).functions
        let error = #expect(throws: VerificationError.self) { try Verifier.verify(image) }
        #expect(error?.function == 1)
        #expect(error?.offset == 1)
        #expect(
            error?.description
                == "V29 in function 1 at byte 1: no instruction takes more cells than the stack has; takes 1 of 0"
        )
    }
}

extension ProgramImage.FunctionBody {
    fileprivate init(_ code: [UInt8]) {
        self.init(parameterCount: 0, resultCount: 0, localCount: 0, code: code)
    }
}

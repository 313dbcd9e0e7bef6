internal import PeerletBytecode

/// One procedure's code while it is made: instructions with labels, and the height of the stack
/// on the current path.
struct CodeEmitter {
    typealias Label = Int

    enum Operand {
        case fixed(Instruction.Operand)
        case target(Label)
        case targets([Label], Label)
    }

    private struct Item {
        let opcode: Opcode
        let operand: Operand
        let span: SourceSpan
    }

    private struct LabelState {
        /// Number of the instruction that it stands before.
        var position: Int?
        var height: Int?
        var isTargeted = false
        /// Where in the code it has to be.
        var offset: Int?
        var isAssumed = false
    }

    private var items: [Item] = []
    private var labels: [LabelState] = []
    /// Values on the stack; nil where no path leads.
    private(set) var height: Int? = 0
    /// Set by the first wrong height, so that what follows from it is not reported.
    private(set) var isBroken = false

    var isReachable: Bool { height != nil }
    var isEmpty: Bool { items.isEmpty }

    // MARK: Instructions

    mutating func emit(
        _ opcode: Opcode,
        _ operand: Instruction.Operand = .none,
        pops: Int? = nil,
        pushes: Int? = nil,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        let info = OpcodeTable.info(opcode)
        append(opcode, .fixed(operand), pops ?? info.pops, pushes ?? info.pushes, span, &bag)
    }

    private mutating func append(
        _ opcode: Opcode,
        _ operand: Operand,
        _ pops: Int,
        _ pushes: Int,
        _ span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        guard let height else { return }
        if height < pops, !isBroken {
            isBroken = true
            let mnemonic = OpcodeTable.info(opcode).mnemonic
            bag.error(
                .stackUnderflow,
                "stack underflow: `\(mnemonic)` needs \(values(pops)), \(height) on the stack",
                at: span
            )
        }
        items.append(Item(opcode: opcode, operand: operand, span: span))
        self.height = max(height - pops, 0) + pushes
        if OpcodeTable.info(opcode).endsPath { self.height = nil }
    }

    private func values(_ count: Int) -> String { count == 1 ? "1 value" : "\(count) values" }

    /// Counts values that an error kept from being pushed.
    mutating func pretend(pushes: Int) {
        isBroken = true
        if let height { self.height = height + pushes }
    }

    // MARK: Labels

    mutating func label() -> Label {
        labels.append(LabelState())
        return labels.count - 1
    }

    func isPlaced(_ label: Label) -> Bool { labels[label].position != nil }

    /// Placed where no path led, and no branch goes there.
    func isUnused(_ label: Label) -> Bool {
        labels[label].isAssumed && !labels[label].isTargeted
    }

    mutating func branch(
        _ opcode: Opcode,
        to label: Label,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        let pops = OpcodeTable.info(opcode).pops
        guard let height else { return }
        meet(label, height - pops, span, &bag)
        labels[label].isTargeted = true
        append(opcode, .target(label), pops, 0, span, &bag)
    }

    mutating func branchTable(
        _ targets: [Label],
        otherwise: Label,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        guard let height else { return }
        for label in targets + [otherwise] {
            meet(label, height - 1, span, &bag)
            labels[label].isTargeted = true
        }
        append(.brTable, .targets(targets, otherwise), 1, 0, span, &bag)
    }

    /// Two paths come together at a label.
    private mutating func meet(
        _ label: Label,
        _ height: Int,
        _ span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        let height = max(height, 0)
        guard let known = labels[label].height else {
            labels[label].height = height
            return
        }
        if known != height, !isBroken {
            isBroken = true
            bag.error(
                .stackMismatch,
                "paths meet with different stack heights: \(known) and \(height)",
                at: span
            )
        }
    }

    /// Puts a label here; where no path was known to lead, it gets `assumed` values.
    mutating func place(
        _ label: Label,
        assuming assumed: Int? = nil,
        at span: SourceSpan,
        _ bag: inout DiagnosticBag
    ) {
        labels[label].position = items.count
        if let height {
            meet(label, height, span, &bag)
        } else if labels[label].height == nil {
            labels[label].height = assumed
            labels[label].isAssumed = assumed != nil
        }
        height = labels[label].height
    }

    /// Branches to the label are encoded for this offset.
    mutating func pin(_ label: Label, at offset: Int) { labels[label].offset = offset }

    /// Where a label was to be and where it came to lie, if they differ.
    func misplacement(
        of label: Label,
        _ places: [(offset: UInt32, span: SourceSpan)],
        _ end: Int
    ) -> (asked: Int, actual: Int)? {
        guard let asked = labels[label].offset, let position = labels[label].position else {
            return nil
        }
        let actual = places.indices.contains(position) ? Int(places[position].offset) : end
        return asked == actual ? nil : (asked, actual)
    }

    // MARK: Encoding

    /// The code, and for each instruction its offset and where it came from.
    func encode() -> (code: [UInt8], places: [(offset: UInt32, span: SourceSpan)]) {
        let fixed = items.map { item -> Int? in
            guard case .fixed(let operand) = item.operand else { return nil }
            return InstructionEncoder.encode(Instruction(item.opcode, operand)).count
        }
        let offsets = CodeLayout.offsets(fixed) { index, offsets in
            resolved(items[index], offsets).map { InstructionEncoder.encode($0).count } ?? 0
        }
        var encoder = InstructionEncoder()
        var places: [(offset: UInt32, span: SourceSpan)] = []
        for (index, item) in items.enumerated() {
            places.append((UInt32(offsets[index]), item.span))
            if case .fixed(let operand) = item.operand {
                encoder.append(Instruction(item.opcode, operand))
            } else if let instruction = resolved(item, offsets) {
                encoder.append(instruction)
            }
        }
        return (encoder.code, places)
    }

    /// With offsets in place of labels; nil if there are none.
    private func resolved(_ item: Item, _ offsets: [Int]) -> Instruction? {
        func offset(_ label: Label) -> UInt32 {
            UInt32(labels[label].offset ?? offsets[labels[label].position ?? 0])
        }
        return switch item.operand {
        case .fixed: nil
        case .target(let label): Instruction(item.opcode, .target(offset(label)))
        case .targets(let targets, let otherwise):
            Instruction(item.opcode, .targets(targets.map(offset), default: offset(otherwise)))
        }
    }
}

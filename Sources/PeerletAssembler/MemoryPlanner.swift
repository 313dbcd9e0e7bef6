internal import Cryptography

/// Lays out linear memory: data, strings, identifiers, bss, inbox
/// (`Spec/assembly-language.md` §2.5).
struct MemoryPlanner {
    private struct Range {
        let start: UInt64
        let end: UInt64
        let name: String
        let span: SourceSpan
    }

    private(set) var map = MemoryMap()
    private(set) var inboxCapacity: UInt64 = 0
    private var fixed: [Range] = []
    /// Of `.segment`, which may overlap each other and all else.
    private(set) var segmentAddresses: [UInt64] = []
    /// What is given no address of its own keeps clear of these, in ascending order.
    private var taken: [(start: UInt64, end: UInt64)] = []
    private var cursor = MemoryMap.firstAddress
    private(set) var end: UInt64 = 0

    /// Places everything; reports what does not fit.
    mutating func plan(
        _ definitions: inout Definitions,
        _ reachability: Reachability,
        needsInbox: Bool,
        _ bag: inout DiagnosticBag
    ) {
        let program = definitions.program
        var sizes: [Int: UInt64] = [:]
        for index in program.data.indices {
            guard let size = definitions.size(ofData: index, &bag) else { continue }
            checkFill(index, size, &definitions, &bag)
            if reachability.data.contains(index) { sizes[index] = size }
        }
        let inbox = inboxRequest(&definitions, needsInbox: needsInbox, &bag)
        placeFixed(sizes, inbox, &definitions, &bag)
        placeSegments(&definitions, &bag)
        for isReserved in [false, true] {
            for (index, definition) in program.data.enumerated() {
                guard let size = sizes[index], map.addresses[.data(index)] == nil else { continue }
                if case .reserved = definition.content, !isReserved { continue }
                if case .items = definition.content, isReserved { continue }
                let alignment = alignment(of: definition.placement, &definitions, &bag)
                map.addresses[.data(index)] = allocate(size, alignment)
            }
            if isReserved { continue }
            for place in reachability.places {
                if case .string(let bytes) = place {
                    map.addresses[place] = allocate(UInt64(bytes.count), 1)
                } else {
                    map.addresses[place] = allocate(32, 8)
                }
            }
        }
        if map.addresses[.inbox] == nil {
            let alignment = alignment(of: inbox.placement, &definitions, &bag)
            map.addresses[.inbox] = inbox.size == 0 ? 0 : allocate(inbox.size, alignment)
        }
        inboxCapacity = inbox.size
        map.addresses[.inboxSize] = inbox.size
        end = max(end, taken.map(\.end).max() ?? 0)
        map.addresses[.heapStart] = (max(end, MemoryMap.firstAddress) + 7) / 8 * 8
        map.table = reachability.table
        for (index, name) in map.table.enumerated() where map.tableIndices[name] == nil {
            map.tableIndices[name] = index
        }
        if end > AssemblyLimits.addresses {
            bag.error(
                .layout,
                "data and bss take \(end) bytes, more than 256 MiB",
                at: program.data.last?.name.span ?? SourceSpan(file: 0, start: 0, end: 0)
            )
        }
    }

    /// A typed `data` must have the size of its type.
    private func checkFill(
        _ index: Int,
        _ size: UInt64,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        let definition = definitions.program.data[index]
        guard case .items = definition.content, let syntax = definition.type, !syntax.isOpen,
            let type = definitions.resolve(syntax, &bag),
            let expected = definitions.size(of: type, at: syntax.span, &bag), expected != size
        else { return }
        bag.error(
            .layout,
            "`\(definition.name.text)` has \(size) bytes, its type \(expected)",
            at: definition.name.span
        )
    }

    private func inboxRequest(
        _ definitions: inout Definitions,
        needsInbox: Bool,
        _ bag: inout DiagnosticBag
    ) -> (size: UInt64, placement: DataDefinition.Placement) {
        guard let inbox = definitions.program.inbox else {
            return (needsInbox ? Self.defaultInbox : 0, .anywhere)
        }
        let limit = AssemblyLimits.addresses
        let size = definitions.unsigned(inbox.size, limit: limit, "the inbox", &bag)
        return (size ?? 0, inbox.placement)
    }

    static let defaultInbox: UInt64 = 4096

    func digest(of name: [UInt8]) -> [UInt8] { SHA256.digest(name) }

    private mutating func placeFixed(
        _ sizes: [Int: UInt64],
        _ inbox: (size: UInt64, placement: DataDefinition.Placement),
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        for (index, definition) in definitions.program.data.enumerated() {
            guard let size = sizes[index], case .at(let expression) = definition.placement else {
                continue
            }
            place(.data(index), size, expression, definition.name, &definitions, &bag)
        }
        if case .at(let expression) = inbox.placement, let span = definitions.program.inbox?.span {
            let name = Name(text: "inbox", span: span)
            place(.inbox, inbox.size, expression, name, &definitions, &bag)
        }
        fixed.sort { ($0.start, $0.end) < ($1.start, $1.end) }
        for (first, second) in zip(fixed, fixed.dropFirst()) where second.start < first.end {
            bag.error(
                .layout,
                "`\(second.name)` at \(second.start) overlaps `\(first.name)`, which ends at \(first.end)",
                at: second.span,
                related: [(first.span, "placed here")]
            )
        }
    }

    private mutating func placeSegments(
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        taken = fixed.map { ($0.start, $0.end) }
        for segment in definitions.program.segments {
            let limit = AssemblyLimits.addresses
            let name = Name(text: ".segment", span: segment.span)
            let what = "the address"
            guard let size = definitions.size(of: segment.items, name, &bag),
                let address = definitions.unsigned(segment.address, limit: limit, what, &bag)
            else { continue }
            segmentAddresses.append(address)
            taken.append((address, address + size))
        }
        taken.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    }

    private mutating func place(
        _ place: MemoryMap.Place,
        _ size: UInt64,
        _ address: Expression,
        _ name: Name,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        let limit = AssemblyLimits.addresses
        guard let address = definitions.unsigned(address, limit: limit, "the address", &bag) else {
            return
        }
        map.addresses[place] = address
        guard size > 0 else { return }
        fixed.append(Range(start: address, end: address + size, name: name.text, span: name.span))
    }

    private func alignment(
        of placement: DataDefinition.Placement,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) -> UInt64 {
        guard case .align(let expression) = placement else { return 8 }
        guard let value = definitions.unsigned(expression, limit: 65_536, "the alignment", &bag)
        else {
            return 8
        }
        guard value > 0, value & (value - 1) == 0 else {
            bag.error(.outOfRange, "the alignment \(value) is no power of two", at: expression.span)
            return 8
        }
        return value
    }

    /// The next free room, around what stands at fixed addresses.
    private mutating func allocate(_ size: UInt64, _ alignment: UInt64) -> UInt64 {
        var start = (cursor + alignment - 1) / alignment * alignment
        for range in taken where size > 0 && start < range.end && range.start < start + size {
            start = (range.end + alignment - 1) / alignment * alignment
        }
        cursor = start + size
        if size > 0 { end = max(end, cursor) }
        return start
    }
}

internal import PeerletBytecode

// The machine in terms of the bytecode.
extension Machine {
    /// Frames that there are.
    var depth: Int { unsafe state.pointee.calls - stack.calls }

    /// A frame and the word where it goes on.
    private struct Place {
        /// Its first cell.
        var base: Int
        var word: Int
    }

    /// Outermost first.
    private func places() -> [Place] {
        var places: [Place] = []
        var base = 0
        for index in 0..<depth {
            let call = unsafe stack.calls[index]
            unsafe base += call.distance
            if index > 0 { places[index - 1].word = unsafe code.word(of: call.returns) }
            places.append(Place(base: base, word: unsafe code.word(of: state.pointee.pc)))
        }
        return places
    }

    /// The state at a start, a fuel stop, a host call or an end.
    package func captureState() -> MachineState {
        let ending = ending
        let places = ending == nil ? places() : []
        let captured = places.indices.map { index in
            let place = places[index]
            let isInnermost = index + 1 == places.count
            let function = code.function(at: place.word)
            let block = code.block(at: place.word)
            let operands = place.base + code.functions[function].locals
            let end = isInnermost ? operands + Int(block.height) : places[index + 1].base
            return MachineState.Frame(
                function: UInt32(truncatingIfNeeded: function),
                offset: block.offset,
                locals: cells(place.base..<operands),
                stack: cells(operands..<end)
            )
        }
        return MachineState(
            frames: captured,
            globals: (0..<globalCount).map { unsafe Int64(bitPattern: globals[$0]) },
            memory: memory.read(0, count: Int(memory.byteCount)) ?? [],
            awaitsHost: status == .awaitingHost,
            writtenPages: memory.writtenPages,
            owedFuel: owed,
            ending: ending
        )
    }

    /// An end that waits for what is owed.
    private var ending: MachineState.Ending? {
        switch status {
        case .trapping: .trapped(trap.kind, trap.backtrace.frames)
        case .ready where unsafe state.pointee.pc == code.base:
            .returned((0..<resultCount).map { unsafe Int64(bitPattern: stack.cells[$0]) })
        default: nil
        }
    }

    private func cells(_ range: Range<Int>) -> [Int64] {
        range.map { unsafe Int64(bitPattern: stack.cells[$0]) }
    }

    /// The calls that led to the machine's place, innermost first.
    ///
    /// `isInside`: the machine stands at an instruction of a block, not before the block.
    func backtrace(isInside: Bool) -> Backtrace {
        let places = places()
        var locations: [CodeLocation] = []
        for place in places.reversed().prefix(Backtrace.limit) {
            let offset: UInt32
            if !locations.isEmpty {
                offset = code.offset(at: place.word - RegisterCode.callLength)
            } else if isInside {
                offset = code.offset(at: place.word)
            } else {
                offset = code.block(at: place.word).offset
            }
            let function = code.function(at: place.word)
            locations.append(
                CodeLocation(function: UInt32(truncatingIfNeeded: function), offset: offset)
            )
        }
        return Backtrace(frames: locations, omitted: max(0, places.count - Backtrace.limit))
    }
}

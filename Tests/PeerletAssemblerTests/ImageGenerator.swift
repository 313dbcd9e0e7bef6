internal import PeerletAssembler
internal import PeerletBytecode

/// Random valid images, also such as no assembler would make: every instruction, branches in both
/// directions and of odd lengths, dead code that only later code reaches, segments anywhere.
struct ImageGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    private mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func next(_ bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }

    /// One time in so many.
    mutating func rarely(_ times: Int) -> Bool { next(times) == 0 }

    /// Any number of 64 bits, small and extreme ones often.
    mutating func number() -> UInt64 {
        switch next(8) {
        case 0: 0
        case 1: .max
        case 2: 1 << 63
        case 3: UInt64(next(100))
        default: next() >> UInt64(next(64))
        }
    }

    mutating func image() -> ProgramImage {
        var image = ProgramImage()
        let count = rarely(20) ? 0 : 1 + next(4)
        var calls = HostABI.rows
        let asked = rarely(30) ? calls.count : next(4)
        image.imports = (0..<asked).map { _ in
            let call = calls.remove(at: next(calls.count))
            return .init(name: call.name, parameterCount: UInt8(call.parameters.count))
        }
        image.globals = (0..<next(4)).map { _ in Int64(bitPattern: number()) }
        if count > 0 { image.table = (0..<next(5)).map { _ in UInt32(next(count)) } }
        memory(&image)
        data(&image)
        for _ in 0..<count {
            let parameters = rarely(10) ? BytecodeLimits.parameters : next(4)
            let locals = rarely(10) ? BytecodeLimits.locals - parameters : next(6)
            image.functions.append(
                .init(
                    parameterCount: UInt8(parameters),
                    resultCount: UInt8(rarely(10) ? BytecodeLimits.results : next(3)),
                    localCount: UInt16(locals),
                    code: []
                )
            )
        }
        exports(&image)
        for index in 0..<count { image.functions[index].code = code(of: index, in: image) }
        return image
    }

    mutating func manifest() -> ManifestDirectives {
        var manifest = ManifestDirectives()
        manifest.name = ["a", "kv-2", "a.b_c-9", String(repeating: "z", count: 64)][next(4)]
        manifest.version = number()
        manifest.applicationType = rarely(2) ? .perHop : .endNode
        manifest.instanceClass = rarely(2) ? .keyed : .node
        manifest.storeClass = [.none, .overlay, .consistent][next(3)]
        manifest.replicaCount = UInt8(1 + next(16))
        manifest.fuelPerUpcall = number()
        manifest.fuelPerSecond = number()
        manifest.memoryPages = UInt32(truncatingIfNeeded: number())
        manifest.storeBytes = number()
        manifest.messagesPerSecond = UInt32(truncatingIfNeeded: number())
        manifest.mailbox = UInt32(truncatingIfNeeded: number())
        let times = [number(), number()].sorted()
        manifest.notBefore = times[0]
        manifest.expires = times[0] == times[1] ? 0 : times[1]
        return manifest
    }

    // MARK: Sections

    private mutating func memory(_ image: inout ProgramImage) {
        let limit = UInt32(BytecodeLimits.memoryPages)
        image.memory.initialPages = rarely(8) ? limit : UInt32(next(4))
        let room = limit - image.memory.initialPages
        image.memory.maximumPages = image.memory.initialPages + min(room, UInt32(next(9)))
        let size = Int(image.memory.initialPages) * BytecodeLimits.pageSize
        let address = rarely(4) ? [0, size][next(2)] : next(size)
        let left = size - address
        image.memory.inboxAddress = UInt32(address)
        image.memory.inboxCapacity = UInt32(rarely(3) ? [0, left][next(2)] : next(left))
    }

    /// Segments in any order, next to each other, over each other and over the inbox, and empty.
    private mutating func data(_ image: inout ProgramImage) {
        let size = Int(image.memory.initialPages) * BytecodeLimits.pageSize
        let count = rarely(50) ? BytecodeLimits.dataSegments : next(6)
        var near = 0
        for _ in 0..<count {
            let bytes = bytes(count: next(rarely(4) ? 300 : 8))
            guard bytes.count <= size else { continue }
            let last = size - bytes.count
            let address =
                switch next(6) {
                case 0: last
                case 1: 0
                case 2: min(near, last)
                case 3: min(max(near - bytes.count, 0), last)
                default: next(last + 1)
                }
            near = address + bytes.count
            image.data.append(.init(address: UInt32(address), bytes: bytes))
        }
    }

    private mutating func bytes(count: Int) -> [UInt8] {
        switch next(3) {
        case 0: [UInt8](repeating: 0, count: count)
        case 1: (0..<count).map { $0 % 70 < 40 ? 0 : UInt8($0 & 0xFF) }
        default: (0..<count).map { _ in UInt8(next(256)) }
        }
    }

    private mutating func exports(_ image: inout ProgramImage) {
        let letters = ["\"", "\\", "é", "\n", "\0", "\u{7F}", "😀", "a", "client", ".", " ", ";"]
        var seen: Set<String> = []
        for _ in 0..<next(4) where !image.functions.isEmpty {
            let name = (0...next(10)).map { _ in letters[next(letters.count)] }.joined()
            let function = next(image.functions.count)
            guard name.utf8.count <= BytecodeLimits.nameLength, Upcall(name: name) == nil,
                seen.insert(name).inserted
            else { continue }
            image.exports.append(.init(name: name, function: UInt32(function)))
        }
        for upcall in Upcall.allCases where rarely(4) {
            let fitting = image.functions.firstIndex {
                Int($0.parameterCount) == upcall.parameters.count && $0.resultCount == 1
            }
            if let fitting {
                image.exports.append(.init(name: upcall.name, function: UInt32(fitting)))
            }
        }
    }
}

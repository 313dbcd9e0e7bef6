internal import PeerletBytecode

/// Turns verified functions into register code, one after the other.
struct Translator {
    private let image: ProgramImage
    private let buffer = CodeBuffer()
    private var functions: ContiguousArray<RegisterCode.Function> = []
    private var blocks: ContiguousArray<RegisterCode.Block> = []

    init(_ image: ProgramImage) {
        self.image = image
        // The entry's caller: where the outermost function returns to.
        buffer.append(ExitTable.finish, at: 0, 0)
    }

    mutating func translate(_ function: FunctionVerifier) throws(VerificationError) {
        var translator = FunctionTranslator(function, buffer)
        try translator.translate()
        functions.append(translator.result)
        blocks.append(contentsOf: translator.blocks)
    }

    func finish() -> RegisterCode {
        var imports: ContiguousArray<RegisterCode.Import> = []
        for item in image.imports {
            guard let call = HostABI.call(named: item.name) else { continue }
            imports.append(
                RegisterCode.Import(
                    call: call,
                    parameters: Int(item.parameterCount),
                    price: HostABI.info(call).price
                )
            )
        }
        return RegisterCode(
            buffer,
            functions: functions,
            blocks: blocks,
            imports: imports,
            table: image.table
        )
    }
}

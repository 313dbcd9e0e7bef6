package import PeerletBytecode

/// Proves that a program keeps the rules of `Spec/isa/validation.md`, in time linear in its size.
package enum Verifier {
    package static func verify(
        _ image: ProgramImage
    ) throws(VerificationError) -> VerifiedProgram {
        try checkImports(image)
        try checkFunctions(image)
        try checkExports(image)
        try checkTables(image)
        try checkMemory(image)
        var translator = Translator(image)
        var maximumHeights: [Int] = []
        maximumHeights.reserveCapacity(image.functions.count)
        for index in image.functions.indices {
            var function = FunctionVerifier(image, function: index)
            try function.verify()
            maximumHeights.append(function.maximumHeight)
            try translator.translate(function)
        }
        return VerifiedProgram(
            image: image,
            maximumHeights: maximumHeights,
            code: translator.finish()
        )
    }

    private static func limit(
        _ rule: ValidationRule,
        _ count: Int,
        _ limit: Int
    ) throws(VerificationError) {
        guard count <= limit else { throw VerificationError(rule, "\(count) > \(limit)") }
    }

    private static func checkImports(_ image: ProgramImage) throws(VerificationError) {
        try limit(.importCount, image.imports.count, BytecodeLimits.imports)
        var seen: Set<String> = []
        for item in image.imports {
            guard let call = HostABI.call(named: item.name) else {
                throw VerificationError(.importKnown, "no host function is named \(item.name)")
            }
            let expected = HostABI.info(call).parameters.count
            guard Int(item.parameterCount) == expected else {
                throw VerificationError(
                    .importArity,
                    "\(item.name) has \(expected) parameters, not \(item.parameterCount)"
                )
            }
            guard seen.insert(item.name).inserted else {
                throw VerificationError(.importUnique, "\(item.name) is imported twice")
            }
        }
    }

    private static func checkFunctions(_ image: ProgramImage) throws(VerificationError) {
        try limit(.functionCount, image.functions.count, BytecodeLimits.functions)
        var programSize = 0
        for (index, body) in image.functions.enumerated() {
            let function = UInt32(truncatingIfNeeded: index)
            guard Int(body.parameterCount) <= BytecodeLimits.parameters,
                Int(body.resultCount) <= BytecodeLimits.results
            else {
                throw VerificationError(
                    .functionSignature,
                    function: function,
                    "\(body.parameterCount) parameters, \(body.resultCount) results"
                )
            }
            let locals = Int(body.parameterCount) + Int(body.localCount)
            guard locals <= BytecodeLimits.locals else {
                throw VerificationError(.functionLocals, function: function, "\(locals) locals")
            }
            guard !body.code.isEmpty, body.code.count <= BytecodeLimits.functionCode else {
                throw VerificationError(.codeSize, function: function, "\(body.code.count) bytes")
            }
            programSize += body.code.count
        }
        try limit(.programSize, programSize, BytecodeLimits.programCode)
    }

    private static func checkExports(_ image: ProgramImage) throws(VerificationError) {
        try limit(.exportCount, image.exports.count, BytecodeLimits.exports)
        var seen: Set<String> = []
        for export in image.exports {
            guard (1...BytecodeLimits.nameLength).contains(export.name.utf8.count) else {
                throw VerificationError(.exportName, "\(export.name.utf8.count) bytes")
            }
            guard seen.insert(export.name).inserted else {
                throw VerificationError(.exportUnique, "\(export.name) is exported twice")
            }
            guard Int(export.function) < image.functions.count else {
                throw VerificationError(.exportTarget, "\(export.name): \(export.function)")
            }
            let body = image.functions[Int(export.function)]
            if let upcall = Upcall(name: export.name),
                Int(body.parameterCount) != upcall.parameters.count || body.resultCount != 1
            {
                throw VerificationError(
                    .exportUpcall,
                    function: export.function,
                    "\(export.name) takes \(upcall.parameters.count) parameters and gives 1 result"
                )
            }
        }
    }

    private static func checkTables(_ image: ProgramImage) throws(VerificationError) {
        try limit(.globalCount, image.globals.count, BytecodeLimits.globals)
        try limit(.tableSize, image.table.count, BytecodeLimits.table)
        for function in image.table where Int(function) >= image.functions.count {
            throw VerificationError(.tableEntry, "no function \(function)")
        }
    }

    private static func checkMemory(_ image: ProgramImage) throws(VerificationError) {
        let memory = image.memory
        guard memory.initialPages <= memory.maximumPages,
            Int(memory.maximumPages) <= BytecodeLimits.memoryPages
        else {
            throw VerificationError(
                .memoryBounds,
                "initial \(memory.initialPages), maximum \(memory.maximumPages)"
            )
        }
        let size = Int(memory.initialPages) * BytecodeLimits.pageSize
        guard Int(memory.inboxAddress) + Int(memory.inboxCapacity) <= size else {
            throw VerificationError(
                .memoryInbox,
                "\(memory.inboxCapacity) bytes at \(memory.inboxAddress) in \(size)"
            )
        }
        try limit(.dataSize, image.data.count, BytecodeLimits.dataSegments)
        var bytes = 0
        for segment in image.data {
            bytes += segment.bytes.count
            guard Int(segment.address) + segment.bytes.count <= size else {
                throw VerificationError(
                    .dataBounds,
                    "\(segment.bytes.count) bytes at \(segment.address) in \(size)"
                )
            }
        }
        try limit(.dataSize, bytes, BytecodeLimits.dataBytes)
    }
}

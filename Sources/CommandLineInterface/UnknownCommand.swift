package import ArgumentParser
internal import Suggestions

/// A word where a subcommand belongs that names none.
///
/// The argument parser takes it for an argument too many of the command before.
package struct UnknownCommand: Error {
    let word: String
    let suggestion: String?
    /// The commands before it, as typed.
    let path: [String]

    /// Nil if every leading word of the arguments is a command, as far as commands are due.
    package init?(_ arguments: [String], of root: any ParsableCommand.Type) {
        var command = root
        var path = [root._commandName]
        for word in arguments {
            let subcommands = command.configuration.subcommands
            guard !subcommands.isEmpty, !word.hasPrefix("-"), word != "help" else { return nil }
            let known = subcommands.map { $0._commandName }
            guard
                let index = subcommands.firstIndex(where: {
                    $0._commandName == word || $0.configuration.aliases.contains(word)
                })
            else {
                self.word = word
                suggestion = Suggestion.nearest(to: word, among: known)
                self.path = path
                return
            }
            command = subcommands[index]
            path.append(word)
        }
        return nil
    }

    var message: String {
        "there is no command '\((path.dropFirst() + [word]).joined(separator: " "))'"
    }

    var hint: String {
        let all = "'\(path.joined(separator: " ")) --help' shows all"
        return suggestion.map { "did you mean '\((path + [$0]).joined(separator: " "))'? \(all)" }
            ?? all
    }
}

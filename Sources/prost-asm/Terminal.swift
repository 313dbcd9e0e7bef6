internal import Foundation

enum Terminal {
    /// What is typed without being shown; nil if there is no terminal.
    static func passphrase(_ prompt: String) -> [UInt8]? {
        guard isatty(STDIN_FILENO) == 1 else { return nil }
        var settings = termios()
        guard unsafe tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        unsafe shown = settings
        let before = endings.map { signal($0, showTypingAndEnd) }
        settings.c_lflag &= ~tcflag_t(ECHO)
        _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        FileHandle.standardError.write(Data(prompt.utf8))
        defer {
            _ = unsafe tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown)
            for (number, handler) in zip(endings, before) { _ = signal(number, handler) }
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return readLine().map { Array($0.utf8) }
    }

    /// What ends a program while it waits: Ctrl-C and Ctrl-\, `kill`, a closed window.
    private static let endings = [SIGINT, SIGQUIT, SIGTERM, SIGHUP]

    /// The terminal as it was.
    ///
    /// Written before the handlers are set, so that they only read it.
    nonisolated(unsafe) private static var shown = termios()

    /// Calls only what a signal handler may (signal-safety(7)).
    private static let showTypingAndEnd: @convention(c) (Int32) -> Void = { number in
        _ = unsafe tcsetattr(STDIN_FILENO, TCSANOW, &Terminal.shown)
        _ = signal(number, SIG_DFL)
        // Held back until this returns.
        kill(getpid(), number)
    }
}

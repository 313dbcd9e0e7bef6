/// Handlers that move control.
enum ControlTable {
    static let charge = Operation { unsafe ControlOperation.charge($0, $1, $2, $3, $4, $5) }
    static let branch = Operation { unsafe ControlOperation.branch($0, $1, $2, $3, $4, $5) }
    static let tableS = Operation { unsafe ControlOperation.tableS($0, $1, $2, $3, $4, $5) }
    static let tableX = Operation { unsafe ControlOperation.tableX($0, $1, $2, $3, $4, $5) }
    static let call = Operation { unsafe ControlOperation.call($0, $1, $2, $3, $4, $5) }
    static let callIndirect = Operation {
        unsafe ControlOperation.callIndirect($0, $1, $2, $3, $4, $5)
    }
    static let clear = Operation { unsafe ControlOperation.clear($0, $1, $2, $3, $4, $5) }
    static let clear1 = Operation { unsafe ControlOperation.clear1($0, $1, $2, $3, $4, $5) }
    static let clear2 = Operation { unsafe ControlOperation.clear2($0, $1, $2, $3, $4, $5) }
    static let return0 = Operation { unsafe ControlOperation.return0($0, $1, $2, $3, $4, $5) }
    static let returnS = Operation { unsafe ControlOperation.returnS($0, $1, $2, $3, $4, $5) }
    static let returnX = Operation { unsafe ControlOperation.returnX($0, $1, $2, $3, $4, $5) }
    static let returnN = Operation { unsafe ControlOperation.returnN($0, $1, $2, $3, $4, $5) }
}

/// Handlers that move cells.
enum DataTable {
    static let move = Operation { unsafe DataOperation.move($0, $1, $2, $3, $4, $5) }
    static let exchange = Operation { unsafe DataOperation.exchange($0, $1, $2, $3, $4, $5) }
    static let constant = Operation { unsafe DataOperation.constant($0, $1, $2, $3, $4, $5) }
    static let constantWord = Operation {
        unsafe DataOperation.constantWord($0, $1, $2, $3, $4, $5)
    }
    static let selectS = Operation { unsafe DataOperation.selectS($0, $1, $2, $3, $4, $5) }
    static let selectX = Operation { unsafe DataOperation.selectX($0, $1, $2, $3, $4, $5) }
    static let globalGet = Operation { unsafe DataOperation.globalGet($0, $1, $2, $3, $4, $5) }
    static let globalGetA = Operation { unsafe DataOperation.globalGetA($0, $1, $2, $3, $4, $5) }
    static let globalSetS = Operation { unsafe DataOperation.globalSetS($0, $1, $2, $3, $4, $5) }
    static let globalSetX = Operation { unsafe DataOperation.globalSetX($0, $1, $2, $3, $4, $5) }
    static let memorySize = Operation { unsafe DataOperation.memorySize($0, $1, $2, $3, $4, $5) }
}

/// Handlers that leave their work to `Machine.execute`.
enum ExitTable {
    static let host = Operation { unsafe leave($0, $1, .host, $3, $4, $5) }
    static let memoryGrow = Operation { unsafe leave($0, $1, .grow, $3, $4, $5) }
    static let memoryCopy = Operation { unsafe leave($0, $1, .copy, $3, $4, $5) }
    static let memoryFill = Operation { unsafe leave($0, $1, .fill, $3, $4, $5) }
    static let trap = Operation { unsafe leave($0, $1, .explicitTrap, $3, $4, $5) }
    static let finish = Operation { unsafe leave($0, $1, .finished, $3, $4, $5) }
    static let yield = Operation { unsafe leave($0, $1, .next, $3, $4, $5) }
}

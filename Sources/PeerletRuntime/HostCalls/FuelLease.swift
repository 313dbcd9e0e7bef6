internal import PeerletVM

/// The fuel of one upcall: a pool that machine slices, surcharges and message budgets draw on, so
/// that together they never exceed it (`Spec/abi.md` §3.2).
struct FuelLease {
    let total: UInt64
    /// Not yet given to the machine nor set aside.
    private(set) var pool: UInt64
    /// What was set aside for messages out of the machine's fuel, where it counts as spent.
    private var transferred: UInt64 = 0
    /// For messages only, and used before the pool.
    private var spare: UInt64

    init(_ total: UInt64, spare: UInt64) {
        self.total = min(total, Machine.maximumFuel)
        pool = self.total
        self.spare = min(spare, Machine.maximumFuel)
    }

    /// Gives the machine `amount` more, or what there is.
    mutating func grant(_ amount: UInt64, to machine: Machine) {
        let given = min(amount, pool)
        machine.addFuel(given)
        pool -= given
    }

    /// Whether the lease is large enough for the machine to pay `price` next.
    func canCover(_ price: UInt64, for machine: Machine) -> Bool {
        machine.fuel >= price || price - machine.fuel <= pool
    }

    /// Lets the machine have at least `price` at hand; false if the lease is too small for that.
    mutating func cover(_ price: UInt64, for machine: Machine) -> Bool {
        guard canCover(price, for: machine) else { return false }
        if machine.fuel < price { grant(price - machine.fuel, to: machine) }
        return true
    }

    /// Fuel that the upcall has left, at hand or in the pool.
    func remaining(of machine: Machine) -> UInt64 { pool + machine.fuel }

    /// What bytecode and host calls cost so far.
    func spent(by machine: Machine) -> UInt64 {
        machine.fuelSpent - min(transferred, machine.fuelSpent)
    }

    /// Most that a message's budget can be now.
    func largestBudget(of machine: Machine) -> UInt64 { spare + remaining(of: machine) }

    /// Sets `amount` aside; false and nothing changed if that much is not left.
    mutating func reserve(_ amount: UInt64, from machine: Machine) -> Bool {
        guard amount <= largestBudget(of: machine) else { return false }
        let fromSpare = min(amount, spare)
        let fromPool = min(amount - fromSpare, pool)
        let fromMachine = amount - fromSpare - fromPool
        guard fromMachine == 0 || machine.charge(fromMachine) else { return false }
        spare -= fromSpare
        pool -= fromPool
        transferred += fromMachine
        return true
    }
}

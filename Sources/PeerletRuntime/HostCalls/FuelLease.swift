internal import PeerletVM

/// The fuel of one upcall: a pool that machine slices, surcharges and message budgets draw on, so
/// that together they never exceed it (`Spec/abi.md` §3.2).
struct FuelLease {
    let total: UInt64
    /// Not yet given to the machine nor set aside.
    private(set) var pool: UInt64
    /// Set aside for messages.
    private(set) var reserved: UInt64 = 0
    /// The part of `reserved` that was taken back from the machine, where it counts as spent.
    private var transferred: UInt64 = 0

    init(_ total: UInt64) {
        self.total = min(total, Machine.maximumFuel)
        pool = self.total
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

    /// Sets `amount` aside; false and nothing changed if that much is not left.
    mutating func reserve(_ amount: UInt64, from machine: Machine) -> Bool {
        guard amount <= remaining(of: machine) else { return false }
        let fromPool = min(amount, pool)
        let fromMachine = amount - fromPool
        guard fromMachine == 0 || machine.charge(fromMachine) else { return false }
        pool -= fromPool
        reserved += amount
        transferred += fromMachine
        return true
    }
}

internal import KBR
internal import PeerletRuntime
internal import SansIO

// What was kept for reroutes and not needed goes back to who paid (`Spec/node.md` §6).
extension Node {
    /// Less than this is not worth a frame.
    private static let leastFuelReturned: UInt64 = 4096

    /// The next hop has the message and its reserve goes back: to the request at its source,
    /// towards that, or to the rate that paid.
    ///
    /// What stays is burned with the passage.
    mutating func returnReserve(of number: UInt64, _ passage: Passage) {
        let reserve = passage.reserve
        guard reserve > 0 else { return }
        if let handle = passage.message.replyHandle {
            guard passage.previous == nil || reserve >= Self.leastFuelReturned else { return }
            passages.update(number) { $0.reserve = 0 }
            return passBack(
                FuelReturn(origin: handle.origin, nonce: handle.nonce, fuel: reserve)
            )
        }
        // Still burned as a message's fuel; the rate may buy as much again.
        if passage.previous == nil, let sender = passage.sender, sender.paidByRate {
            instances[sender.instance]?.fuel.giveBack(reserve, at: now.instant)
        }
    }

    mutating func arrive(_ returned: FuelReturn) {
        ledger.receive(returned.fuel)
        var returned = returned
        guard returned.timeToLive > 0 else { return ledger.burn(returned.fuel) }
        returned.timeToLive -= 1
        passBack(returned)
    }

    private mutating func passBack(_ returned: FuelReturn) {
        if returned.origin == handle.id { return take(returned.fuel, back: returned.nonce) }
        let path = ReversePath(origin: returned.origin, nonce: returned.nonce)
        guard let next = openWayBack(path) else { return ledger.burn(returned.fuel) }
        ledger.send(returned.fuel)
        send(.fuelReturn, returned, to: next)
    }

    /// A request takes no more than is under way for it, whatever others say.
    private mutating func take(_ fuel: UInt64, back nonce: UInt64) {
        let taken = min(fuel, requests[nonce]?.fuelUnderWay ?? 0)
        requests.update(nonce) {
            $0.fuelUnderWay -= taken
            $0.retryFuel += taken
        }
        ledger.burn(fuel - taken)
    }
}

/// The ordered list of effects that one step of a state machine asks its driver to carry out.
///
/// Appended to, never returned early past, so that an effect that must happen cannot be lost on a
/// branch. The driver drains it after the step and keeps its storage.
public struct EffectBuffer<Effect> {
    @usableFromInline var effects: [Effect] = []

    @inlinable public init() {}

    @inlinable
    public mutating func callAsFunction(_ effect: consuming Effect) { effects.append(effect) }

    /// Takes everything out, in order.
    @inlinable
    public mutating func drain() -> [Effect] {
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    /// Hands every effect over, in order, and keeps the storage.
    @inlinable
    public mutating func drain(_ body: (consuming Effect) -> Void) {
        var taken: [Effect] = []
        swap(&taken, &effects)
        for effect in taken { body(effect) }
        // What the effects caused meanwhile comes after them.
        if effects.isEmpty {
            taken.removeAll(keepingCapacity: true)
            swap(&taken, &effects)
        }
    }

    @inlinable public var isEmpty: Bool { effects.isEmpty }
}

extension EffectBuffer: Sendable where Effect: Sendable {}

/// The ordered list of effects that one step of a state machine asks its driver to carry out.
///
/// Appended to, never returned early past, so that an effect that must happen cannot be lost on a
/// branch. The driver drains it after the step and keeps its storage.
package struct EffectBuffer<Effect> {
    package private(set) var effects: [Effect] = []

    package init() {}

    @inlinable
    package mutating func callAsFunction(_ effect: Effect) { append(effect) }

    @usableFromInline
    package mutating func append(_ effect: Effect) { effects.append(effect) }

    /// Takes everything out, in order.
    package mutating func drain() -> [Effect] {
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    package var isEmpty: Bool { effects.isEmpty }
}

extension EffectBuffer: Sendable where Effect: Sendable {}

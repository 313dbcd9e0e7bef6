import Foundation
import KBR
import NIOCore
import NIOPosix
import PROSTNode
import PROSTService
import PeerletRuntime
import Synchronization
import Testing

/// The threads of a service end before what they use does, and the event loop goes on meanwhile.
@Suite struct WorkerTests {
    private final class Fixture {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let path = NSTemporaryDirectory() + "prost-worker-" + UUID().uuidString + ".sqlite"
        let store: SQLiteStore

        init() throws { store = try SQLiteStore(path: path) }

        deinit {
            try? group.syncShutdownGracefully()
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: path + suffix)
            }
        }
    }

    private static let application = ApplicationID(Identifier(words: (1, 2, 3, 4)))

    private static func batch(_ number: UInt8) -> StoreBatch {
        var batch = StoreBatch()
        let value = StoredValue(
            version: ReplicaVersion(counter: 1, writer: .zero),
            bytes: [UInt8](repeating: number, count: 60_000)
        )
        batch.writes = [StoreWrite(space: .application(application), key: [number], value: value)]
        return batch
    }

    @Test func `closing the writer commits what waits and does not keep the event loop`()
        async throws
    {
        let fixture = try Fixture()
        let loop = fixture.group.next()
        let reports = Shared(Mutex<[UInt64]>([]))
        let writer = StoreWriter(store: fixture.store) { number, error in
            if error == nil { reports.value.withLock { $0.append(number) } }
        }
        let order = Shared(Mutex<[String]>([]))
        try await loop.flatSubmit {
            for number in 0..<100 {
                writer.commit(Self.batch(UInt8(number)), number: UInt64(number))
            }
            let closed = writer.close(on: loop)
            closed.whenComplete { _ in order.value.withLock { $0.append("closed") } }
            loop.execute { order.value.withLock { $0.append("loop goes on") } }
            return closed
        }.get()
        #expect(order.value.withLock { $0 } == ["loop goes on", "closed"])
        #expect(reports.value.withLock { $0 } == Array(0..<100))
        let space = StoreSpace.application(Self.application)
        for number in 0..<100 {
            #expect(try fixture.store.value(space, [UInt8(number)])?.bytes.count == 60_000)
        }
    }

    @Test func `closing the lanes waits for what runs and drops the rest`() async throws {
        let fixture = try Fixture()
        let loop = fixture.group.next()
        let gate = DispatchSemaphore(value: 0)
        let entered = DispatchSemaphore(value: 0)
        let deliveries = Shared(Mutex(0))
        let lanes = LanePool(
            count: 1,
            store: fixture.store,
            environment: MachineEnvironment()
        ) { _ in
            entered.signal()
            gate.wait()
            deliveries.value.withLock { $0 += 1 }
        }
        lanes.submit(.usage(Self.application))
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                entered.wait()
                continuation.resume()
            }
        }
        // The lane is inside the first delivery and cannot end.
        lanes.submit(.usage(Self.application))
        let closed = lanes.close(on: loop)
        let isClosed = Shared(Mutex(false))
        closed.whenComplete { _ in isClosed.value.withLock { $0 = true } }
        try await loop.submit {}.get()
        #expect(!isClosed.value.withLock { $0 })
        gate.signal()
        try await closed.get()
        #expect(deliveries.value.withLock { $0 } == 1)
    }
}

/// Something that closures on several threads use.
private final class Shared<Value: ~Copyable & Sendable>: Sendable {
    let value: Value
    init(_ value: consuming Value) { self.value = value }
}

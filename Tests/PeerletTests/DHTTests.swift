import PROSTNode
import SansIO
import Testing

@Suite struct DHTTests {
    @Test func `five nodes put, get and remove`() throws {
        let ring = try TestRing(size: 5, TestRing.settings())
        try ring.deploy(Peerlet("dht/dht.pasm"), at: 0)
        let put = try ring.call("dht", "put", key: "a", payload: [1, 2, 3], at: 0)
        #expect(put.status == 0)
        #expect(put.payload == [1, 0, 0, 0, 0, 0, 0, 0])
        let get = try ring.call("dht", "get", key: "a", at: 0)
        #expect(get.status == 0)
        #expect(get.payload == [1, 2, 3])
    }
}

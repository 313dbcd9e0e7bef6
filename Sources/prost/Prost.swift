@main struct Prost { static func main() {} }

@main struct ProstAsm { static func main() {} }

//! The inside of a door into a network namespace: `netns_door SOCKET ADDRESS`. It says when it listens.

fn main() -> std::io::Result<()> {
    let places: Vec<String> = std::env::args().skip(1).collect();
    let [socket, address] = places.as_slice() else {
        return Err(std::io::Error::other("SOCKET and ADDRESS are missing"));
    };
    e2e::door::serve(std::path::Path::new(socket), address)
}

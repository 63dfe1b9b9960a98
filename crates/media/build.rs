//! Compiles the small C shim over libvpx and says how to link it.
//!
//! `libvpx.a` is linked where it is found, since the shared library's number differs between distributions: what was built, tested and
//! packed is then one program. `RUNDE_STATIC=1` insists on it (for packages), `RUNDE_STATIC=0` links the shared library.

fn main() {
    println!("cargo:rerun-if-changed=src/vpx/shim.c");
    println!("cargo:rerun-if-env-changed=RUNDE_STATIC");
    let folder = folder_of("libvpx.a").or_else(folder_beside_headers);
    let is_static = match std::env::var("RUNDE_STATIC").as_deref() {
        Ok("0") => false,
        Ok("1") => true,
        _ => folder.is_some(),
    };
    let library = pkg_config::Config::new().atleast_version("1.8").cargo_metadata(!is_static).probe("vpx");
    let library = match library {
        Ok(library) => library,
        Err(error) => {
            eprintln!(
                "libvpx 1.8 or newer was not found. Debian, Ubuntu: apt install libvpx-dev; Fedora: dnf install libvpx-devel; Arch: pacman -S libvpx; macOS: brew install libvpx."
            );
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    cc::Build::new()
        .file("src/vpx/shim.c")
        .includes(&library.include_paths)
        .warnings(true)
        .extra_warnings(true)
        .std("c99")
        .compile("runde_vpx_shim");
    if is_static {
        if let Some(folder) = folder {
            println!("cargo:rustc-link-search=native={}", folder.display());
        }
        println!("cargo:rustc-link-lib=static=vpx");
        println!("cargo:rustc-link-lib=m");
        if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("windows") {
            // Belongs to the compiler; Windows has none.
            if let Some(folder) = folder_of("libwinpthread.a") {
                println!("cargo:rustc-link-search=native={}", folder.display());
            }
            println!("cargo:rustc-link-lib=static=winpthread");
        } else {
            println!("cargo:rustc-link-lib=pthread");
        }
    }
}

/// Where another system's library lies that was built for this one (`PKG_CONFIG_LIBDIR` names it).
fn folder_beside_headers() -> Option<std::path::PathBuf> {
    let library = pkg_config::Config::new().cargo_metadata(false).probe("vpx").ok()?;
    library.link_paths.into_iter().find(|folder| folder.join("libvpx.a").is_file())
}

/// The compiler knows where an archive lies; Debian's pkg-config file of libvpx names a folder that does not hold it.
fn folder_of(archive: &str) -> Option<std::path::PathBuf> {
    let compiler = cc::Build::new().get_compiler();
    let answer = compiler.to_command().arg(format!("-print-file-name={archive}")).output().ok()?;
    let path = std::path::PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
    path.is_absolute().then(|| path.parent().map(std::path::Path::to_owned)).flatten()
}

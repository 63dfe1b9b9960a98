//! Runs a deployment's config.js, a program of strangers, and keeps the few words of it that are addresses.
//!
//! The engine has no functions of this program: no network, no files, no clock to wait on, no modules, no promises. Memory, stack
//! and time are bounded. Its own built-in loops ask the clock, too, but not all of them do; so it runs on a thread of its
//! own, and where one call keeps it busy beyond the limit, that thread is left to itself and counts as one of the few that
//! may run. Start at [`evaluate`].

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rquickjs::context::{EvalOptions, intrinsic};
use rquickjs::{Context, Ctx, Runtime};
use runde_signalling::config::WATCHED;
use runde_signalling::link::RoomLink;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Bytes of a program. The longest seen has 80 KiB, comments included.
const MAX_SOURCE: usize = 512 * 1024;
/// Bytes the engine may take, program and objects together.
const MEMORY: usize = 8 * 1024 * 1024;
/// Bytes of the engine's stack.
const STACK: usize = 256 * 1024;
/// Bytes of the thread's stack: the engine checks its own at every call only.
const THREAD: usize = 4 * STACK;
/// Running time. Real ones take milliseconds; a loaded computer needs more of them.
const TIME: Duration = Duration::from_secs(1);
/// A thread still busy after this is given up.
const PATIENCE: Duration = Duration::from_secs(3);

/// What the program may expect of a browser: a few words on where it is. And what it may not: methods that go through
/// endless things without looking at the clock. They are left for arrays of a length that real programs have.
const BEFORE: &str = "var window = globalThis, self = globalThis, navigator = { userAgent: '', language: 'en' };
(() => {
    const { apply } = Reflect, { isArray, prototype } = Array, { stringify } = JSON;
    delete String.raw;
    for (const name of ['flat', 'flatMap', 'toLocaleString']) delete prototype[name];
    const check = list => { if (!isArray(list) || list.length > 100000) throw new RangeError('too long'); };
    for (const name of Object.getOwnPropertyNames(prototype)) {
        const native = prototype[name];
        if (name === 'constructor' || typeof native !== 'function') continue;
        prototype[name] = function (...given) {
            check(this);
            if (name === 'concat')
                for (let at = 0; at < given.length; at++)
                    if (isArray(given[at])) check(given[at]); else given[at] = [given[at]];
            return apply(native, this, given);
        };
    }
    JSON.stringify = value => stringify(value, (_, inner) => { if (isArray(inner)) check(inner); return inner; });
})();";

/// Everything we want to know: strings, a flag, and whether and when two people are to talk directly. `WATCHED` lists what is told and not done; a program that makes nonsense of that loses
/// only the list.
const AFTER: &str = "(WATCHED => {
    const pick = (from, keys) => {
        const kept = {};
        for (const key of keys) if (typeof from[key] === 'string' && from[key].length < 2000) kept[key] = from[key];
        return kept;
    };
    const kept = pick(config, ['websocket', 'bosh', 'conferenceRequestUrl', 'focusUserJid', 'tokenAuthUrl']);
    if (config.enableIceRestart === true) kept.enableIceRestart = true;
    if (config.p2p?.enabled === true) kept.p2p = { enabled: true, backToP2PDelay: Number(config.p2p.backToP2PDelay ?? 5) };
    kept.hosts = pick(config.hosts ?? {}, ['domain', 'anonymousdomain', 'authdomain', 'muc', 'focus']);
    const found = [];
    const note = (path, value) => {
        if (found.length >= 64) return;
        if (value === true) found.push([path, '']);
        else if (typeof value === 'string' && value !== '') found.push([path, value.slice(0, 200)]);
    };
    const noteAll = (path, value) => {
        if (!Array.isArray(value)) return note(path, value);
        for (const inner of value.slice(0, 8)) {
            const urls = typeof inner === 'object' && inner !== null ? inner.urls ?? inner.url : inner;
            if (Array.isArray(urls)) urls.slice(0, 4).forEach(url => note(path, url)); else note(path, urls);
        }
    };
    try {
        for (const path of WATCHED) noteAll(path, path.split('.').reduce((at, step) => at?.[step], config));
        kept.ignored = found;
    } catch { }
    return JSON.stringify(kept);
})";

/// Why a program gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ScriptError {
    #[error("it is longer than {MAX_SOURCE} bytes")]
    TooLong,
    #[error("it is no text")]
    NoText,
    #[error("it fails, or names no `config`")]
    Fails,
    #[error("it runs too long")]
    TooSlow,
    #[error("{MAX_RUNNING} others still run")]
    Busy,
}

/// Threads that run a program, those given up included.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// More than anybody joins at once; hostile servers cannot keep more of this computer busy.
const MAX_RUNNING: usize = 4;

/// One of [`MAX_RUNNING`].
struct Turn;

impl Turn {
    fn take() -> Option<Self> {
        let more = |running| (running < MAX_RUNNING).then_some(running + 1);
        RUNNING.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).ok().map(|_| Self)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Runs the program and returns the addresses it names as JSON.
///
/// # Errors
/// [`ScriptError`], within [`PATIENCE`].
pub(super) async fn evaluate(source: Vec<u8>, link: RoomLink) -> Result<String, ScriptError> {
    if source.len() > MAX_SOURCE {
        return Err(ScriptError::TooLong);
    }
    let source = String::from_utf8(source).map_err(|_| ScriptError::NoText)?;
    let source = included(&source, &link);
    let turn = Turn::take().ok_or(ScriptError::Busy)?;
    let (reply, answer) = oneshot::channel();
    let work = move || {
        let _turn = turn;
        let _ = reply.send(run(&source, &link, TIME));
    };
    let thread = std::thread::Builder::new().name("config.js".to_owned()).stack_size(THREAD);
    thread.spawn(work).map_err(|_| ScriptError::Fails)?;
    match timeout(PATIENCE, answer).await {
        Ok(Ok(said)) => said,
        Ok(Err(_)) => Err(ScriptError::Fails),
        Err(_) => Err(ScriptError::TooSlow),
    }
}

fn run(source: &str, link: &RoomLink, time: Duration) -> Result<String, ScriptError> {
    let runtime = Runtime::new().map_err(|_| ScriptError::Fails)?;
    runtime.set_memory_limit(MEMORY);
    runtime.set_max_stack_size(STACK);
    let started = Instant::now();
    runtime.set_interrupt_handler(Some(Box::new(move || started.elapsed() > time)));
    let context = Context::custom::<(
        intrinsic::Date,
        intrinsic::Eval,
        intrinsic::RegExpCompiler,
        intrinsic::RegExp,
        intrinsic::Json,
        intrinsic::MapSet,
    )>(&runtime);
    let context = context.map_err(|_| ScriptError::Fails)?;
    let said = context.with(|context| {
        execute(&context, BEFORE)?;
        execute(&context, &location(link))?;
        // A program may fail at its end, over something only a browser has, and have said everything by then.
        let _ = execute(&context, source);
        if started.elapsed() > time {
            return Err(ScriptError::TooSlow);
        }
        context.eval::<String, _>(format!("{AFTER}({})", watched())).map_err(|_| forget(&context))
    });
    said.map_err(|error| if started.elapsed() > time { ScriptError::TooSlow } else { error })
}

/// The names to look at, as a list of the language.
fn watched() -> String {
    let names: Vec<_> = WATCHED.iter().map(|(name, _)| format!("'{name}'")).collect();
    format!("[{}]", names.join(","))
}

/// As a page's script: not strict, names become global.
fn execute(context: &Ctx<'_>, source: &str) -> Result<(), ScriptError> {
    let mut options = EvalOptions::default();
    options.strict = false;
    context.eval_with_options::<(), _>(source, options).map_err(|_| forget(context))
}

/// An exception stays in the engine until it is taken.
fn forget(context: &Ctx<'_>) -> ScriptError {
    let _ = context.catch();
    ScriptError::Fails
}

/// The page's address, without a token or a fragment.
fn location(link: &RoomLink) -> String {
    let origin = link.origin();
    let (scheme, host) = origin.split_once("://").unwrap_or_default();
    let tenant = link.tenant.as_ref().map(|tenant| format!("/{tenant}")).unwrap_or_default();
    let path = format!("{tenant}/{}", link.safe_room());
    let name = &link.host;
    format!(
        "var location = {{ protocol: '{scheme}:', host: '{host}', hostname: '{name}', origin: '{origin}', \
         pathname: '{path}', href: '{origin}{path}', search: '', hash: '' }};"
    )
}

/// Fills in what a web server should have (`<!--# echo var="subdomain" default="" -->`) and did not, as nginx does for
/// a Jitsi installation: the tenant before names and paths, else what the directive gives as default.
fn included(source: &str, link: &RoomLink) -> String {
    let tenant = link.tenant.as_deref().map(str::to_lowercase);
    let mut filled = String::with_capacity(source.len());
    let mut rest = source;
    while let Some((before, directive)) = rest.split_once("<!--#") {
        let Some((directive, after)) = directive.split_once("-->") else { break };
        filled.push_str(before);
        match (quoted(directive, "var="), &tenant) {
            (Some("subdomain"), Some(tenant)) => filled.push_str(&format!("{tenant}.")),
            (Some("subdir"), Some(tenant)) => filled.push_str(&format!("{tenant}/")),
            (Some("http_host"), _) => filled.push_str(&link.host),
            _ => filled.push_str(quoted(directive, "default=").unwrap_or_default()),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// The word in quotes after `key`, if it holds nothing that would end a string.
fn quoted<'a>(directive: &'a str, key: &str) -> Option<&'a str> {
    let (_, value) = directive.split_once(key)?;
    let mark = value.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    let (word, _) = value[1..].split_once(mark)?;
    let plain = |c: char| c.is_alphanumeric() || "-._:/".contains(c);
    word.chars().all(plain).then_some(word)
}

#[cfg(test)]
mod tests;

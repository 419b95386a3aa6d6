//! HTTP/1.1 and HTTP/2, with limits.

use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioTimer};
use hyper_util::server::conn::auto;

/// The HTTP protocol of a connection.
pub(super) type Http = auto::Builder<TokioExecutor>;

/// The largest header, and the piece in which bodies are read.
const BUFFER_BYTES: usize = 64 << 10;
/// The same for HTTP/2, whose names and values count with 32 bytes each on top.
const HEADER_LIST_BYTES: u32 = 32 << 10;
/// Requests that a connection may have under way in HTTP/2: with the default settings, as many for
/// all connections together as there may be uploads, so that no crowd of slow ones blocks others.
const STREAMS: u32 = 32;
/// Bytes of a body that may be under way before they are read: of one request, and of all of a connection.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;
/// Bytes of an answer that wait for the client to take them.
const SEND_BUFFER: usize = 256 << 10;
/// Requests that a client may cancel before they are handled, and its own errors that may be
/// answered: a flood of either ends the connection.
const WITHDRAWN: usize = 20;
const FAULTS: usize = 100;
/// How often a silent client with requests under way is asked whether it is still there, and how long it may take.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(10);

/// HTTP within its limits.
pub(super) fn http() -> Http {
    let mut http = auto::Builder::new(TokioExecutor::new());
    // A connection without a request under way ends as an idle one, whether or not parts of a
    // header come in.
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES);
    http.http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEADER_LIST_BYTES)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .max_pending_accept_reset_streams(WITHDRAWN)
        .max_local_error_reset_streams(FAULTS)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG);
    http
}

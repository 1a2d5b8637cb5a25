//! Invariants of a session's streams between two inputs.

use super::*;
use crate::cx::Exchanges;
use crate::limits::Limits;

impl Streams {
    pub(in crate::session) fn answers_due(&self) -> usize {
        self.live.iter().map(|(_, stream)| stream.due).sum()
    }

    /// Checks the limits, that every stream has a purpose, and that the transports are those of the
    /// streams.
    pub(in crate::session) fn check(&self, limits: &Limits, exchanges: &Exchanges) {
        assert!(self.listeners() <= limits.listen_streams_max, "{} listeners", self.listeners());
        assert!(self.ended.len() <= limits.ended_streams_max, "{} ended", self.ended.len());
        let kept: usize = self.ended.iter().map(|(_, stream)| stream.replay.bytes()).sum();
        assert!(kept <= limits.replay_bytes_max, "{kept} bytes of ended streams");
        let live: usize = self.live.iter().map(|(_, stream)| stream.replay.bytes()).sum();
        assert_eq!(live + kept, self.kept, "bytes kept");
        assert!(self.kept <= limits.session_replay_bytes_max, "{} bytes kept", self.kept);
        for (number, stream) in self.live.iter() {
            assert!(stream.replay.bytes() <= limits.replay_bytes_max);
            assert!(!stream.is_done(), "stream {number} has nothing to wait for");
            assert!(!stream.listens || stream.is_carried(), "no client is connected to {number}");
            assert!(
                !stream.exchange.has_begun() || self.may_start(),
                "{number} began before the session"
            );
            assert!(!self.single_stream || number == SINGLE_STREAM, "{number} carries nothing");
            if let Some(exchange) = stream.link.exchange() {
                assert_eq!(exchanges[&exchange].stream, Some(number));
            }
        }
        let mine =
            exchanges.values().filter(|transport| transport.owner == Owner::Session(self.session));
        let (mut outbound, mut carrying) = (0, 0);
        for transport in mine {
            outbound += transport.unsent;
            carrying += usize::from(transport.stream.is_some());
        }
        assert_eq!(outbound, self.outbound, "bytes on their way");
        assert_eq!(carrying, self.open(), "exchanges that carry a stream");
    }
}

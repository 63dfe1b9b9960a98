-- Answers conference requests as a focus does, by the room's name. It joins no room and moves no media.
local st = require "util.stanza";

module:hook("iq-set/host/http://jitsi.org/protocol/focus:conference", function (event)
	local origin, stanza = event.origin, event.stanza;
	local room = stanza.tags[1].attr.room;
	if room:match("^hostless") then
		origin.send(st.error_reply(stanza, "auth", "not-authorized"));
	elseif room:match("^visitors") then
		origin.send(st.reply(stanza):tag("conference", { xmlns = "http://jitsi.org/protocol/focus", room = room, ready = "true",
			focusjid = "focus@auth.v1.meet.test", vnode = "v1" }));
	else
		origin.send(st.reply(stanza):tag("conference", { xmlns = "http://jitsi.org/protocol/focus", room = room, ready = "true",
			focusjid = "focus@auth.meet.test" }));
	end
	return true;
end);

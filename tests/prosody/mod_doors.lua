-- Gives rooms their doors by their names, as moderators would.
local st = require "util.stanza";
local jid = require "util.jid";

local lobby_host = "lobby.meet.test";
-- Who was let in, by bare address; both components see it.
local admitted = module:shared("/*/doors/admitted");

local function name_of(stanza)
	local nick = stanza:get_child("nick", "http://jabber.org/protocol/nick");
	return nick and nick:get_text() or "";
end

if module.host == lobby_host then
	-- In the lobby: some are let in, some are turned away, all others wait.
	module:hook("muc-occupant-joined", function (event)
		local name = name_of(event.stanza);
		local main = jid.split(event.room.jid) .. "@conference.meet.test";
		local user = jid.bare(event.occupant.bare_jid);
		if name:match("^Welcome") then
			admitted[user] = true;
			module:send(st.message({ from = main, to = event.stanza.attr.from })
				:tag("x", { xmlns = "http://jabber.org/protocol/muc#user" })
					:tag("invite", { from = main .. "/aaaaaaaa" }));
		elseif name:match("^Unwelcome") then
			event.room:set_role(true, event.occupant.nick, nil, "no");
		end
	end, -100);
	return;
end

module:hook("muc-room-created", function (event)
	local room = event.room;
	local name = jid.split(room.jid);
	room:set_whois("anyone");
	if name:match("^password") then
		room:set_password("sesame");
	elseif name:match("^banned") then
		room:set_affiliation(true, "ada@meet.test", "outcast");
	end
end, 100);

module:hook("muc-occupant-pre-join", function (event)
	local room, origin, stanza = event.room, event.origin, event.stanza;
	local name = jid.split(room.jid);
	if name:match("^full") then
		origin.send(st.error_reply(stanza, "wait", "service-unavailable"));
		return true;
	end
	if name:match("^closed") then
		origin.send(st.error_reply(stanza, "auth", "registration-required"));
		return true;
	end
	if name:match("^guarded") and not admitted[jid.bare(stanza.attr.from)] then
		local reply = st.error_reply(stanza, "auth", "registration-required");
		reply:tag("lobbyroom", { xmlns = "http://jitsi.org/jitmeet" }):text(name .. "@" .. lobby_host);
		origin.send(reply);
		return true;
	end
end, 50);

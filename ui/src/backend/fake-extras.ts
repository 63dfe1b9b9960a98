/** What a room offers besides, in the scripted meeting and in tests. */
import type { Extras } from './bindings/Extras';
import type { Wish } from './bindings/Wish';

export const NO_EXTRAS: Extras = {
  canPermit: false, canPoll: false, canBreakOut: false, captures: [], needed: [], mustAsk: [], allowances: [], polls: [], speakers: [], rooms: [], signs: [],
};

export const CAPTURED: Extras = {
  ...NO_EXTRAS, canPermit: true, canPoll: true, captures: ['recording', 'transcription'], needed: ['microphone'], mustAsk: ['microphone'],
};

export const OFFERED: Extras = {
  ...NO_EXTRAS,
  canPermit: true, canPoll: true, canBreakOut: true, needed: ['microphone'], allowances: [{ endpoint: 'a81f', media: 'microphone' }],
  polls: [
    { id: 'p1', by: 'Amal Haddad', question: 'Treffen wir uns nächste Woche schon um 18 Uhr?', votes: 3, voted: true,
      answers: [{ text: 'Ja, gern', count: 2, mine: true }, { text: 'Lieber um 19 Uhr', count: 1, mine: false }] },
    { id: 'p2', by: '', question: 'Welches Kapitel als Nächstes?', votes: 0, voted: false,
      answers: [{ text: 'Kapitel 8', count: 0, mine: false }, { text: 'Kapitel 9', count: 0, mine: false }, { text: 'Beide', count: 0, mine: false }] },
  ],
  speakers: [{ name: 'Amal Haddad', seconds: 412 }, { name: 'Jonas Weber', seconds: 95 }],
  rooms: [
    { room: 'lesekreis@conference.meet.example', title: '', main: true, here: true, people: ['Lea', 'Amal Haddad', 'Jonas Weber'] },
    { room: 'g1@breakout.meet.example', title: 'Gruppe 1', main: false, here: false, people: ['Elif Yıldız'] },
    { room: 'g2@breakout.meet.example', title: 'Gruppe 2', main: false, here: false, people: [] },
  ],
};

/** What the scripted room makes of a wish. */
export function wished(extras: Extras, what: Wish, now: number): Extras {
  switch (what.wish) {
    case 'react': return { ...extras, signs: [...extras.signs, { id: extras.signs.length + 1, endpoint: 'self', reaction: what.reaction, at: now }] };
    case 'needPermission': return { ...extras, needed: what.needed ? [...extras.needed, what.media] : extras.needed.filter((one) => one !== what.media) };
    case 'allow': {
      const others = extras.allowances.filter((one) => one.endpoint !== what.endpoint || one.media !== what.media);
      return { ...extras, allowances: what.allowed ? [...others, { endpoint: what.endpoint, media: what.media }] : others };
    }
    case 'ask': {
      const answers = what.answers.map((text) => ({ text, count: 0, mine: false }));
      return { ...extras, polls: [...extras.polls, { id: `p${extras.polls.length + 1}`, by: '', question: what.question, answers, votes: 0, voted: false }] };
    }
    case 'vote': return {
      ...extras,
      polls: extras.polls.map((poll) => {
        if (poll.id !== what.poll) return poll;
        const answers = poll.answers.map((answer, at) => {
          const mine = what.answers[at] ?? false;
          return { ...answer, mine, count: answer.count - Number(answer.mine) + Number(mine) };
        });
        return { ...poll, answers, votes: poll.votes + Number(!poll.voted), voted: true };
      }),
    };
    case 'goTo': return { ...extras, rooms: extras.rooms.map((room) => ({ ...room, here: room.room === what.room })) };
    case 'addRoom': return { ...extras, rooms: [...extras.rooms, { room: `g${extras.rooms.length}@breakout.meet.example`, title: what.title, main: false, here: false, people: [] }] };
    case 'removeRoom': return { ...extras, rooms: extras.rooms.filter((room) => room.room !== what.room) };
  }
}

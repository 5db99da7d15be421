//! What is said in calls: the scripts in `scripts/`, with names, days and amounts filled
//! in.
//!
//! A script begins with `# direction language mood`, the language `en`, `hi` or `mix`; each line is an agent's (`A:`) or a
//! caller's (`C:`), with ` / ` between ways to say it; `=` is the summary.

use rand::{Rng, rngs::StdRng, seq::IndexedRandom};

use crate::values::{Direction, Sentiment, Speaker, Turn};

/// What a sub-account does: which scripts its calls follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trade {
    Ecommerce,
    Clinic,
    Lending,
    Logistics,
    Hotel,
    Education,
    Food,
    Auto,
    Property,
    Travel,
    Utility,
    Insurance,
    Home,
    Voice,
}

impl Trade {
    /// All there are.
    pub const ALL: [Self; 14] = [
        Self::Ecommerce,
        Self::Clinic,
        Self::Lending,
        Self::Logistics,
        Self::Hotel,
        Self::Education,
        Self::Food,
        Self::Auto,
        Self::Property,
        Self::Travel,
        Self::Utility,
        Self::Insurance,
        Self::Home,
        Self::Voice,
    ];

    /// The trade of an agent that is told this; `None` where it cannot be seen.
    pub fn of_prompt(prompt: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trade| prompt.contains(trade.task()))
    }

    fn text(self) -> &'static str {
        match self {
            Self::Ecommerce => include_str!("scripts/ecommerce.txt"),
            Self::Clinic => include_str!("scripts/clinic.txt"),
            Self::Lending => include_str!("scripts/lending.txt"),
            Self::Logistics => include_str!("scripts/logistics.txt"),
            Self::Hotel => include_str!("scripts/hotel.txt"),
            Self::Education => include_str!("scripts/education.txt"),
            Self::Food => include_str!("scripts/food.txt"),
            Self::Auto => include_str!("scripts/auto.txt"),
            Self::Property => include_str!("scripts/property.txt"),
            Self::Travel => include_str!("scripts/travel.txt"),
            Self::Utility => include_str!("scripts/utility.txt"),
            Self::Insurance => include_str!("scripts/insurance.txt"),
            Self::Home => include_str!("scripts/home.txt"),
            Self::Voice => include_str!("scripts/voice.txt"),
        }
    }

    /// What its agents help with.
    fn task(self) -> &'static str {
        match self {
            Self::Ecommerce => "orders, deliveries, returns and refunds",
            Self::Clinic => "appointments, reports and fees",
            Self::Lending => "instalments, applications and documents",
            Self::Logistics => "pick-ups, consignments and deliveries",
            Self::Hotel => "reservations, arrivals and complaints",
            Self::Education => "admissions, fees and absences",
            Self::Food => "orders, tables and complaints",
            Self::Auto => "services, repairs and pick-ups",
            Self::Property => "visits and properties on offer",
            Self::Travel => "bookings, changes and refunds",
            Self::Utility => "supply failures, bills and meters",
            Self::Insurance => "policies, renewals and claims",
            Self::Home => "visits, quotes and repairs at home",
            Self::Voice => "trials, limits and support for voice agents",
        }
    }

    /// What an agent is told that takes or makes its calls.
    pub fn prompt(self, company: &str, direction: Direction) -> String {
        let task = self.task();
        let role = match direction {
            Direction::Inbound => "You answer the phone",
            Direction::Outbound => "You call customers",
        };
        format!(
            "{role} for {company}. You help with {task}. Speak the language of the other side, keep answers \
             short, never ask for a one-time password, and hand over to a colleague when asked to.",
        )
    }
}

/// What a script is spoken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tongue {
    English,
    Hindi,
    /// Line by line the one or the other.
    Mixed,
}

impl Tongue {
    /// The language of a line, by the letters that it is written in where both are spoken.
    fn of(self, text: &str) -> &'static str {
        let devanagari = |letter| matches!(letter, '\u{900}'..='\u{97f}');
        match self {
            Self::English => "en",
            Self::Mixed if !text.contains(devanagari) => "en",
            Self::Hindi | Self::Mixed => "hi",
        }
    }
}

/// A script, read.
struct Script {
    direction: Direction,
    tongue: Tongue,
    mood: &'static str,
    lines: Vec<(Speaker, Vec<&'static str>)>,
    summary: &'static str,
}

/// The scripts of one account.
pub struct Scripts {
    scripts: Vec<Script>,
    /// How many of them are of the trade; the others are everybody's.
    of_trade: usize,
}

fn read(text: &'static str) -> Vec<Script> {
    let mut scripts = Vec::<Script>::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(head) = line.strip_prefix("# ") {
            let mut words = head.split_whitespace();
            let direction = words.next().and_then(|word| word.parse().ok()).unwrap_or(Direction::Inbound);
            let tongue = match words.next() {
                Some("hi") => Tongue::Hindi,
                Some("mix") => Tongue::Mixed,
                _ => Tongue::English,
            };
            let mood = words.next().unwrap_or("neutral");
            scripts.push(Script { direction, tongue, mood, lines: Vec::new(), summary: "" });
        } else if let (Some(script), Some((mark, said))) = (scripts.last_mut(), line.split_once(' ')) {
            let ways = || said.split(" / ").map(str::trim).collect();
            match mark {
                "A:" => script.lines.push((Speaker::Agent, ways())),
                "C:" => script.lines.push((Speaker::Caller, ways())),
                _ => script.summary = said,
            }
        }
    }
    scripts
}

/// What is said in one call.
pub struct Conversation {
    /// The turns with their times.
    pub turns: Vec<Turn>,
    /// From answer to end.
    pub seconds: u32,
    /// How it went; `None` when a machine answered.
    pub sentiment: Option<Sentiment>,
    /// What it came to.
    pub summary: String,
}

impl Conversation {
    /// Nobody says anything.
    fn silent() -> Self {
        Self { turns: Vec::new(), seconds: 1, sentiment: None, summary: String::new() }
    }

    /// The same, told faster or slower so that it lasts so many seconds.
    pub fn lasting(mut self, seconds: u32) -> Self {
        let whole = u64::from(self.seconds.max(1));
        for turn in &mut self.turns {
            let at = u64::from(turn.at) * u64::from(seconds) / whole;
            turn.at = u32::try_from(at).unwrap_or(seconds);
        }
        self.seconds = seconds;
        self
    }
}

impl Scripts {
    /// The scripts of a trade, in English alone where `hindi` is false.
    pub fn of(trade: Trade, hindi: bool) -> Self {
        let spoken = |script: &Script| hindi || script.tongue == Tongue::English;
        let mut scripts: Vec<_> = read(trade.text()).into_iter().filter(spoken).collect();
        let of_trade = scripts.len();
        scripts.extend(read(include_str!("scripts/common.txt")).into_iter().filter(spoken));
        Self { scripts, of_trade }
    }

    /// A conversation in this direction.
    pub fn talk(
        &self,
        random: &mut StdRng,
        direction: Direction,
        company: &str,
        agent: usize,
    ) -> Conversation {
        let common = random.random_bool(0.12);
        let fits = |script: &&Script| script.direction == direction;
        let (trade, others) = self.scripts.split_at(self.of_trade);
        let pool: Vec<_> = if common { others } else { trade }.iter().filter(fits).collect();
        let script = pool.choose(random).copied().or_else(|| self.scripts.first());
        script.map_or_else(Conversation::silent, |script| script.act(random, company, agent))
    }

    /// What is said to a machine that answers.
    pub fn voicemail(&self, random: &mut StdRng, company: &str, agent: usize) -> Conversation {
        let script = self.scripts.iter().find(|script| script.mood == VOICEMAIL);
        script.map_or_else(Conversation::silent, |script| script.act(random, company, agent))
    }
}

/// The mood of a script in which a machine answers.
const VOICEMAIL: &str = "voicemail";

impl Script {
    fn act(&self, random: &mut StdRng, company: &str, agent: usize) -> Conversation {
        let script = self;
        let facts = Facts::draw(random, script.tongue == Tongue::Hindi, company, agent);
        let (mut turns, mut at) = (Vec::new(), 0.4_f64);
        for (speaker, ways) in &script.lines {
            let text = facts.fill(ways.choose(random).copied().unwrap_or_default());
            let words = text.split_whitespace().count() as f64;
            let language = script.tongue.of(&text).to_owned();
            turns.push(Turn { speaker: *speaker, at: at as u32, text, language });
            at += words / random.random_range(1.8..2.6) + random.random_range(0.6..2.8);
            // Somebody looks for a number, a calendar, a pen.
            if random.random_bool(0.11) {
                at += random.random_range(8.0..75.0);
            }
        }
        let sentiment = match (script.mood, random.random_range(0..10)) {
            (VOICEMAIL, _) => None,
            // A script does not make a mood: now and then it turns out otherwise.
            ("positive", 0) | ("negative", 0 | 1) => Some(Sentiment::Neutral),
            (mood, _) => mood.parse().ok(),
        };
        let seconds = (at + random.random_range(1.0..5.0)) as u32;
        Conversation { turns, seconds: seconds.max(1), sentiment, summary: facts.fill(script.summary) }
    }
}

/// The names, days and amounts of one call.
struct Facts(Vec<(&'static str, String)>);

/// Agents by voice: in English and in Hindi.
pub const AGENTS: [(&str, &str); 6] = [
    ("Asha", "आशा"),
    ("Meera", "मीरा"),
    ("Kavya", "काव्या"),
    ("Priya", "प्रिया"),
    ("Nisha", "निशा"),
    ("Tara", "तारा"),
];

const NAMES: [(&str, &str); 16] = [
    ("Rahul Verma", "राहुल"),
    ("Sneha Iyer", "स्नेहा"),
    ("Imran Khan", "इमरान"),
    ("Pooja Nair", "पूजा"),
    ("Vikram Singh", "विक्रम"),
    ("Ananya Das", "अनन्या"),
    ("Joseph Mathew", "जोसेफ़"),
    ("Fatima Sheikh", "फ़ातिमा"),
    ("Arjun Reddy", "अर्जुन"),
    ("Lakshmi Menon", "लक्ष्मी"),
    ("Karan Mehta", "करण"),
    ("Divya Joshi", "दिव्या"),
    ("Suresh Patil", "सुरेश"),
    ("Neha Gupta", "नेहा"),
    ("Manoj Yadav", "मनोज"),
    ("Ritu Bansal", "ऋतु"),
];
const CITIES: [(&str, &str); 8] = [
    ("Bengaluru", "बेंगलुरु"),
    ("Pune", "पुणे"),
    ("Jaipur", "जयपुर"),
    ("Kochi", "कोच्चि"),
    ("Lucknow", "लखनऊ"),
    ("Indore", "इंदौर"),
    ("Hyderabad", "हैदराबाद"),
    ("Nagpur", "नागपुर"),
];
const DAYS: [(&str, &str); 7] = [
    ("Monday", "सोमवार"),
    ("Tuesday", "मंगलवार"),
    ("Wednesday", "बुधवार"),
    ("Thursday", "गुरुवार"),
    ("Friday", "शुक्रवार"),
    ("Saturday", "शनिवार"),
    ("tomorrow", "कल"),
];
const TIMES: [(&str, &str); 6] = [
    ("half past ten", "साढ़े दस बजे"),
    ("noon", "बारह बजे"),
    ("three", "तीन बजे"),
    ("a quarter to five", "पौने पाँच बजे"),
    ("six", "छह बजे"),
    ("half past seven", "साढ़े सात बजे"),
];

impl Facts {
    fn draw(random: &mut StdRng, hindi: bool, company: &str, agent: usize) -> Self {
        let said = |(english, hindi_word): (&str, &str)| if hindi { hindi_word } else { english }.to_owned();
        let one =
            |random: &mut StdRng, of: &[(&str, &str)]| said(of.choose(random).copied().unwrap_or_default());
        let rupees = [249, 499, 780, 1_150, 1_499, 2_300, 3_950, 6_400, 8_999, 12_500];
        let amount = rupees.choose(random).copied().unwrap_or(499);
        let amount = if amount >= 1_000 {
            format!("₹{},{:03}", amount / 1_000, amount % 1_000)
        } else {
            format!("₹{amount}")
        };
        let letters = ["KD", "MB", "TR", "HX", "PL"];
        let letter = letters.choose(random).copied().unwrap_or("KD");
        Self(vec![
            ("{company}", company.to_owned()),
            ("{agent}", said(AGENTS[agent % AGENTS.len()])),
            ("{name}", one(random, &NAMES)),
            ("{city}", one(random, &CITIES)),
            ("{day}", one(random, &DAYS)),
            ("{time}", one(random, &TIMES)),
            ("{daypart}", ["morning", "afternoon", "evening"][random.random_range(0..3)].to_owned()),
            ("{amount}", amount),
            ("{order}", format!("{letter}-{}", random.random_range(10_000..99_999))),
            ("{ticket}", format!("T{}", random.random_range(1_000..9_999))),
            ("{number4}", random.random_range(1_000..9_999).to_string()),
        ])
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (slot, value)| {
            if text.contains(slot) { text.replace(slot, value) } else { text }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn every_script_is_whole_and_leaves_no_slot_open() {
        let mut random = StdRng::seed_from_u64(7);
        for (trade, direction) in
            Trade::ALL.iter().flat_map(|trade| Direction::ALL.iter().map(move |d| (*trade, *d)))
        {
            for script in &Scripts::of(trade, true).scripts {
                assert!(
                    script.lines.len() >= 3 && !script.summary.is_empty(),
                    "{trade:?} {}",
                    script.summary
                );
            }
            let scripts = Scripts::of(trade, true);
            for _ in 0..30 {
                let talk = scripts.talk(&mut random, direction, "Acme", 1);
                let all: String = talk.turns.iter().map(|turn| turn.text.as_str()).collect();
                assert!(!(all + &talk.summary).contains(['{', '}']), "{trade:?}");
                assert!(talk.turns.is_sorted_by_key(|turn| turn.at));
                assert!(talk.turns.last().is_some_and(|turn| turn.at < talk.seconds));
            }
        }
    }

    #[test]
    fn where_nobody_speaks_hindi_all_is_english() {
        let mut random = StdRng::seed_from_u64(7);
        let scripts = Scripts::of(Trade::Clinic, false);
        for _ in 0..50 {
            let talk = scripts.talk(&mut random, Direction::Inbound, "Blue Ridge", 0);
            assert!(talk.turns.iter().all(|turn| turn.language == "en"));
        }
    }

    #[test]
    fn some_speak_both_languages_in_one_call() {
        let mut random = StdRng::seed_from_u64(7);
        let scripts = Scripts::of(Trade::Clinic, true);
        let both = (0..600).map(|_| scripts.talk(&mut random, Direction::Inbound, "Acme", 0)).find(|talk| {
            ["en", "hi"].iter().all(|language| talk.turns.iter().any(|turn| turn.language == *language))
        });
        let told = both.expect("one of many calls is in both").lasting(10);
        assert!(told.seconds == 10 && told.turns.iter().all(|turn| turn.at <= 10), "{:?}", told.turns);
    }

    #[test]
    fn a_trade_is_known_by_what_its_agents_are_told() {
        for trade in Trade::ALL {
            assert_eq!(Trade::of_prompt(&trade.prompt("Acme", Direction::Inbound)), Some(trade));
        }
    }
}

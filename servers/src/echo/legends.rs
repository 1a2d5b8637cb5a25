//! Legends of computing: their achievements, and recorded quotations.

/// A person to whom all programmers owe something.
#[derive(Debug)]
pub(super) struct Legend {
    pub(super) name: &'static str,
    /// The achievement.
    pub(super) why: &'static str,
    pub(super) contributions: &'static [&'static str],
    /// A quotation.
    pub(super) wisdom: &'static str,
    /// Its influence today.
    pub(super) legacy: &'static str,
    /// Three adjectives.
    pub(super) is: &'static str,
}

pub(super) const LEGENDS: &[Legend] = &[
    Legend {
        name: "Ada Lovelace",
        why: "Ada Lovelace published the first program for a machine that did not exist yet, and saw that it could work on more than numbers.",
        contributions: &[
            "Annotated the Analytical Engine of Charles Babbage (1843)",
            "Published an algorithm for Bernoulli numbers, step by step",
            "Saw that such a machine could compose music, if music were put into symbols",
        ],
        wisdom: "We may say most aptly, that the Analytical Engine weaves algebraical patterns just as the Jacquard-loom weaves flowers and leaves.",
        legacy: "Every program that handles text, pictures or sound does what she said a machine of numbers could do.",
        is: "Imaginative, precise, and a century early",
    },
    Legend {
        name: "Alan Turing",
        why: "Alan Turing defined what it means to compute before there were computers, and helped to end a war by doing it.",
        contributions: &[
            "Defined computability by an abstract machine (1936)",
            "Proved that no program can decide whether every program halts",
            "Designed the bombe that broke Enigma, at Bletchley Park",
            "Asked whether machines can think, and proposed a test (1950)",
        ],
        wisdom: "We can only see a short distance ahead, but we can see plenty there that needs to be done.",
        legacy: "Every general-purpose computer is a universal Turing machine with less tape.",
        is: "Original, courageous, and transformative",
    },
    Legend {
        name: "Barbara Liskov",
        why: "Barbara Liskov made abstraction something a language can check, and showed how systems survive components that lie.",
        contributions: &[
            "Designed CLU, with abstract data types, iterators and exceptions",
            "Stated the substitution principle that bears her name",
            "Made Byzantine fault tolerance practical, with Miguel Castro (1999)",
            "Received the Turing Award (2008)",
        ],
        wisdom: "Any property proved about supertype objects also holds for its subtype objects.",
        legacy: "Every interface that can be reimplemented without breaking its callers keeps her principle.",
        is: "Rigorous, practical, and far-sighted",
    },
    Legend {
        name: "Brian Kernighan",
        why: "Brian Kernighan taught the world to program in C, and to write about programs so that one likes to read it.",
        contributions: &[
            "Wrote \"The C Programming Language\" with Dennis Ritchie (1978)",
            "Created AWK with Alfred Aho and Peter Weinberger (1977)",
            "Gave the world \"hello, world\"",
        ],
        wisdom: "Everyone knows that debugging is twice as hard as writing a program in the first place.",
        legacy: "Every first program that says hello says it to him.",
        is: "Clear, modest, and a joy to read",
    },
    Legend {
        name: "Dennis Ritchie",
        why: "Dennis Ritchie made a language small enough to be learned in a week and near enough to the machine to write its system in; then, with Ken Thompson, he did just that.",
        contributions: &[
            "Created C (1972)",
            "Created Unix with Ken Thompson, and rewrote it in C (1973)",
            "Gave C++, Java, Go and many more their syntax",
            "Showed that an operating system can move to another machine",
        ],
        wisdom: "The only way to learn a new programming language is by writing programs in it.",
        legacy: "Phones, servers and satellites run kernels written in his language, and most of them kernels modelled on his system.",
        is: "Quiet, precise, and foundational",
    },
    Legend {
        name: "Donald Knuth",
        why: "Donald Knuth turned programming into a science and an art, and typography into a program.",
        contributions: &[
            "Writes \"The Art of Computer Programming\" (since 1962)",
            "Made the analysis of algorithms a field of its own",
            "Created TeX and METAFONT",
            "Invented LR parsing (1965) and literate programming (1984)",
        ],
        wisdom: "Premature optimization is the root of all evil.",
        legacy: "Whenever anyone says how long an algorithm takes, or sets a formula beautifully, he has been there before.",
        is: "Thorough, playful, and never in a hurry",
    },
    Legend {
        name: "Edsger Dijkstra",
        why: "Edsger Dijkstra insisted that programs can be right, and showed how to make them so.",
        contributions: &[
            "Found the shortest-path algorithm that bears his name (published in 1959)",
            "Invented the semaphore",
            "Founded structured programming",
            "Introduced self-stabilising systems (1974)",
        ],
        wisdom: "Program testing can be used to show the presence of bugs, but never to show their absence!",
        legacy: "Every route that is planned and every lock that is taken in order owes him something.",
        is: "Sharp, elegant, and uncompromising",
    },
    Legend {
        name: "Grace Hopper",
        why: "Grace Hopper had the idea that programs could be written in words, was told that computers cannot do that, and did it.",
        contributions: &[
            "Programmed the Harvard Mark I",
            "Wrote the A-0 system, an ancestor of all compilers (1952)",
            "Created FLOW-MATIC, from which COBOL grew",
            "Served in the US Navy until she was 79, a rear admiral",
        ],
        wisdom: "It's easier to ask forgiveness than it is to get permission.",
        legacy: "Everybody who does not program in machine code does as she proposed.",
        is: "Persistent, witty, and ahead of her time",
    },
    Legend {
        name: "John McCarthy",
        why: "John McCarthy gave artificial intelligence its name, and programmers a language in which programs are data.",
        contributions: &[
            "Created Lisp (1958)",
            "Coined \"artificial intelligence\" for the Dartmouth workshop (1955)",
            "Invented garbage collection",
            "Proposed time-sharing",
        ],
        wisdom: "He who refuses to do arithmetic is doomed to talk nonsense.",
        legacy: "Every language with closures, conditional expressions or a garbage collector speaks some Lisp.",
        is: "Visionary, argumentative, and right early",
    },
    Legend {
        name: "Ken Thompson",
        why: "Ken Thompson wrote the first Unix in a few weeks, and kept making small things that everything else is built on.",
        contributions: &[
            "Created Unix (1969), with Dennis Ritchie",
            "Created B, from which C came",
            "Brought regular expressions into editors and tools",
            "Designed UTF-8 with Rob Pike (1992), and Go with Robert Griesemer and Rob Pike",
        ],
        wisdom: "You can't trust code that you did not totally create yourself.",
        legacy: "This very text came to you in UTF-8, most likely through a relative of Unix.",
        is: "Terse, inventive, and everywhere",
    },
    Legend {
        name: "Linus Torvalds",
        why: "Linus Torvalds started a kernel as a hobby, and showed how thousands of strangers can build one thing.",
        contributions: &[
            "Created Linux (1991), and still leads it",
            "Created Git (2005)",
            "Made open development work on a scale never tried before",
        ],
        wisdom: "Talk is cheap. Show me the code.",
        legacy: "Linux runs most servers and phones of the world, and Git keeps their source.",
        is: "Pragmatic, blunt, and astonishingly productive",
    },
    Legend {
        name: "Margaret Hamilton",
        why: "Margaret Hamilton led the team whose software landed people on the Moon, although its computer was overloaded.",
        contributions: &[
            "Led the development of Apollo's on-board flight software at MIT",
            "Made software engineering a name and a discipline",
            "Insisted on software that finds errors and recovers from them while it runs",
            "Received the Presidential Medal of Freedom (2016)",
        ],
        wisdom: "There was no choice but to be pioneers.",
        legacy: "Every system that drops the less important work to keep the important one alive does as Apollo 11 did.",
        is: "Meticulous, brave, and out of this world",
    },
    Legend {
        name: "Niklaus Wirth",
        why: "Niklaus Wirth designed languages, compilers and computers that one person can understand as a whole.",
        contributions: &[
            "Created Pascal (1970), Modula-2 and Oberon",
            "Taught stepwise refinement",
            "Built the Lilith workstation and its system",
            "Received the Turing Award (1984)",
        ],
        wisdom: "Increasingly, people seem to misinterpret complexity as sophistication.",
        legacy: "Generations learned to program in his languages, and compilers that are fast because they are simple follow him.",
        is: "Simple, consistent, and rightly stubborn",
    },
    Legend {
        name: "Radia Perlman",
        why: "Radia Perlman made networks configure themselves, and then kept simplifying them.",
        contributions: &[
            "Invented the spanning tree protocol (1985)",
            "Made link-state routing robust",
            "Designed TRILL to replace her own spanning tree",
            "Wrote \"Interconnections\", from which many learned networking",
        ],
        wisdom: "I think that I shall never see / A graph more lovely than a tree.",
        legacy: "Plug two switches together in a loop, and that nothing happens is her doing.",
        is: "Ingenious, clear, and poetic",
    },
    Legend {
        name: "Tim Berners-Lee",
        why: "Tim Berners-Lee invented the World Wide Web, and gave it away.",
        contributions: &[
            "Proposed the Web at CERN (1989)",
            "Wrote the first browser and the first server (1990)",
            "Designed HTTP, HTML and the URL",
            "Founded the World Wide Web Consortium (1994)",
        ],
        wisdom: "This is for everyone.",
        legacy: "This request, if it came over HTTP, speaks a language he began.",
        is: "Generous, visionary, and connected",
    },
    Legend {
        name: "Tony Hoare",
        why: "Tony Hoare gave programmers a fast way to sort, a logic to prove programs with, and the courage to regret in public.",
        contributions: &[
            "Invented quicksort (published in 1961)",
            "Founded Hoare logic (1969)",
            "Described communicating sequential processes (1978)",
            "Called the null reference, which he invented in 1965, his billion-dollar mistake",
        ],
        wisdom: "The price of reliability is the pursuit of the utmost simplicity.",
        legacy: "Channels, assertions, contracts and options instead of null: modern languages are full of his ideas.",
        is: "Lucid, modest, and profound",
    },
];

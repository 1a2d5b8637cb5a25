//! The texts of the lessons.

use super::Topic;

/// The text about a topic.
pub(super) struct Lesson {
    pub(super) idea: &'static str,
    pub(super) method: &'static [&'static str],
    pub(super) mistake: &'static str,
    /// For advanced students.
    pub(super) further: &'static str,
}

impl Lesson {
    pub(super) fn about(topic: Topic) -> &'static Lesson {
        match topic {
            Topic::Addition => &ADDITION,
            Topic::Subtraction => &SUBTRACTION,
            Topic::Multiplication => &MULTIPLICATION,
            Topic::Division => &DIVISION,
            Topic::Fractions => &FRACTIONS,
            Topic::Percentages => &PERCENTAGES,
            Topic::Decimals => &DECIMALS,
            Topic::OrderOfOperations => &ORDER_OF_OPERATIONS,
            Topic::Algebra => &ALGEBRA,
        }
    }
}

const ADDITION: Lesson = Lesson {
    idea: "To add is to put together. 3 + 4 starts at 3 and goes 4 up.",
    method: &[
        "Write the numbers so that ones stand below ones and tens below tens.",
        "Add each column from the right.",
        "What goes over 9 is carried to the next column.",
    ],
    mistake: "Forgetting what was carried: 27 + 15 = 42, and not 32.",
    further: "The order does not matter, a + b = b + a, nor does the grouping. So look for \
              pairs that make a round number: 48 + 37 + 52 = 100 + 37 = 137.",
};

const SUBTRACTION: Lesson = Lesson {
    idea: "To subtract is to take away, or to ask how far apart two numbers are.",
    method: &[
        "Write the numbers so that ones stand below ones and tens below tens.",
        "Subtract each column from the right.",
        "Where the upper digit is too small, borrow ten from the column to the left.",
    ],
    mistake: "Always taking the smaller digit from the greater: 52 - 38 = 14, and not 26.",
    further: "Subtracting is adding the opposite, a - b = a + (-b). That is why 3 - 5 = -2, \
              and why a minus before parentheses turns every sign inside.",
};

const MULTIPLICATION: Lesson = Lesson {
    idea: "To multiply is to add the same number again and again: 3 × 4 = 4 + 4 + 4.",
    method: &[
        "Split one factor into tens and ones.",
        "Multiply the other factor by each of them.",
        "Add what that makes.",
    ],
    mistake: "Multiplying tens by tens and ones by ones only: 12 × 13 = 156, and not 106.",
    further: "Splitting works because × distributes over +: 12 × 13 = 12 × 10 + 12 × 3 = 156.",
};

const DIVISION: Lesson = Lesson {
    idea: "To divide is to share equally, or to ask how often a number fits into another.",
    method: &[
        "See how often the divisor fits into the leading digits.",
        "Multiply, and subtract that.",
        "Bring down the next digit, and go on until none is left.",
    ],
    mistake: "Dividing by 0. Nothing times 0 makes 6, so 6 ÷ 0 has no result.",
    further: "a ÷ b is a × 1/b. It ends as a decimal only if b, in lowest terms, has no prime \
              factor but 2 and 5: 1 ÷ 8 = 0.125, but 1 ÷ 3 = 0.333….",
};

const FRACTIONS: Lesson = Lesson {
    idea: "A fraction is a part of a whole: 3/4 are three of four equal parts.",
    method: &[
        "To add or subtract, bring both over the same denominator; then only the numerators \
         count.",
        "To multiply, multiply the numerators and the denominators.",
        "To divide, multiply by the reciprocal of the second.",
        "Divide numerator and denominator by what they have in common.",
    ],
    mistake: "Adding the denominators: 1/2 + 1/3 = 5/6, and not 2/5.",
    further: "The smallest common denominator is the least common multiple: b × d divided by \
              the greatest common divisor of b and d.",
};

const PERCENTAGES: Lesson = Lesson {
    idea: "Percent means hundredths: 25% are 25 of 100, a quarter.",
    method: &["Write the percentage as a decimal: divide it by 100.", "Multiply it by the whole."],
    mistake: "Going up and down by the same percentage does not lead back: 100 plus 10% is \
              110, and 110 minus 10% is 99.",
    further: "A change of p% is one multiplication, by 1 + p ÷ 100. Several changes multiply: \
              1.1 × 0.9 = 0.99.",
};

const DECIMALS: Lesson = Lesson {
    idea: "The places after the point are tenths, hundredths, thousandths: 0.25 = 25/100.",
    method: &[
        "To add or subtract, write point below point and fill up with zeros.",
        "To multiply, forget the points; then give the product as many places as both \
         factors have together.",
        "To divide, move both points until the divisor is whole.",
    ],
    mistake: "Comparing by length: 0.9 is greater than 0.12.",
    further: "Computers often keep numbers in halves, quarters, eighths, and so on. A tenth is \
              no finite sum of these, which is why 0.1 + 0.2 comes out as \
              0.30000000000000004 there. Done in tenths it is 0.3.",
};

const ORDER_OF_OPERATIONS: Lesson = Lesson {
    idea: "The order of operations makes everyone read a calculation the same way.",
    method: &[
        "What is in parentheses.",
        "Powers.",
        "Multiplication and division, from left to right.",
        "Addition and subtraction, from left to right.",
    ],
    mistake: "Going from left to right whatever the signs: 2 + 3 × 4 = 14, and not 20.",
    further: "Powers are done from right to left, 2^3^2 = 2^9 = 512, and before a sign: \
              -2^2 = -4, while (-2)^2 = 4.",
};

const ALGEBRA: Lesson = Lesson {
    idea: "A letter stands for a number that is not known yet. An equation is a balance: what \
           is done on one side has to be done on the other.",
    method: &[
        "Bring what has the letter to one side, and the numbers to the other.",
        "Divide both sides by what the letter is multiplied by.",
        "Put the result in and see whether it is right.",
    ],
    mistake: "Doing something on one side only: from 2x + 3 = 11 follows 2x = 8, and not \
              2x = 11.",
    further: "a × x + b = c × x + d has one solution, (d - b) ÷ (a - c), unless a = c. Then it \
              has none, or every number is one.",
};

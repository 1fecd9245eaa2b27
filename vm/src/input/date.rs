//! Dates as days since 1970-01-01, in the proleptic Gregorian calendar: its rules hold for all years, also those before it was made.
//!
//! A year is counted from March, so that the day that some years lack is its last; 400 such years have 146,097 days whatever the first one is.

/// Days of 400 years.
const ERA: i64 = 146_097;

/// Days from 0000-03-01 to 1970-01-01.
const EPOCH: i64 = 719_468;

/// The days from 1970-01-01 to a date `YYYY-MM-DD`, or `None` where there is no such date.
pub(super) fn read(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| {
        bytes.get(from..to)?.iter().try_fold(0_i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    ((1..=12).contains(&month) && (1..=days_of(year, month)).contains(&day)).then(|| days(year, month, day))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    // Months from March, which is 0; five of them in a row have 153 days.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH
}

/// The date so many days from 1970-01-01; one beyond the years 0000 to 9999 as the nearest of these.
pub(super) fn print(since: i64) -> String {
    let since = since.clamp(days(0, 1, 1), days(9999, 12, 31)) + EPOCH;
    let (era, of_era) = (since.div_euclid(ERA), since.rem_euclid(ERA));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    format!("{:04}-{month:02}-{day:02}", year + i64::from(month <= 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days() {
        for (text, since) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("1970-03-01", 59),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2024-02-29", 19_782),
            ("0000-01-01", -719_528),
            ("0000-02-29", -719_469),
            ("9999-12-31", 2_932_896),
        ] {
            assert_eq!(read(text), Some(since), "{text}");
            assert_eq!(print(since), text);
        }
        assert_eq!((print(i64::MIN).as_str(), print(i64::MAX).as_str()), ("0000-01-01", "9999-12-31"));
    }

    /// Every day of ten thousand years follows the one before it.
    #[test]
    fn every_date_reads_back() {
        let (mut year, mut month, mut day) = (0, 1, 1);
        for since in days(0, 1, 1)..=days(9999, 12, 31) {
            assert_eq!(days(year, month, day), since);
            if day == 1 || since % 97 == 0 {
                let text = format!("{year:04}-{month:02}-{day:02}");
                assert_eq!((print(since), read(&text)), (text, Some(since)));
            }
            day += 1;
            if day > days_of(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "1970-1-1",
            "1970-01-00",
            "1970-13-01",
            "1970-00-01",
            "1900-02-29",
            "2023-02-29",
            "2023-04-31",
            "01.02.1970",
            "1970/01/01",
            "1970-01-01T00:00",
            "+970-01-01",
            "-001-01-01",
            "19７0-01-01",
            "１970-01-01",
            "1970-01-0a",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}

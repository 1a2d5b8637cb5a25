//! The core in a simulated world: every case that is not about the operating system, without a
//! socket, a process or a wait.

mod sim {
    pontoon_suite::every_case!(simulated pontoon_suite::Target::simulated());
}

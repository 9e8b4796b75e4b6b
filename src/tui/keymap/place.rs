//! What can have the keys: a list, a form, something that is open on top.

/// Declares the places, so that none can lack its name and its words.
macro_rules! places {
    ($($(#[doc = $doc:literal])+ $place:ident = $name:literal, $words:literal;)+) => {
        /// What has the keys. [`super::super::app::Model::place`] says which it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Place {
            $($(#[doc = $doc])+ $place,)+
        }

        impl Place {
            /// All that there are.
            pub const ALL: &[Self] = &[$(Self::$place),+];

            /// Its name in the configuration (`[keys.list]`). No action has the same.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$place => $name,)+
                }
            }

            /// What a person calls it: `works in the list`.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$place => $words,)+
                }
            }
        }
    };
}

places! {
    /// The list of endpoints.
    List = "list", "the list";
    /// The detail of one endpoint.
    Detail = "detail", "the detail";
    /// The filter line over the list.
    Filter = "filter-line", "the filter line";
    /// The board.
    Board = "board", "the board";
    /// A wire of the board that was picked up.
    BoardCarry = "wire", "a wire in hand";
    /// The tree of groups.
    Groups = "groups", "the groups";
    /// The keys of a group.
    GroupKeys = "group-keys", "a group's keys";
    /// A key that was just minted.
    Minted = "minted-key", "a minted key";
    /// The target picker of a re-point: its text field and list.
    Repoint = "target-picker", "a re-point";
    /// A text field of a form.
    Form = "form", "a form";
    /// A field of a form that is chosen, not typed.
    FormChoice = "form-choice", "a form";
    /// A change that is shown whole: the next confirmation makes it.
    Confirm = "confirmation", "a confirmation";
    /// A question with buttons.
    Question = "question", "a question";
    /// A question that is answered by typing a name.
    TypedQuestion = "typed-question", "a question";
    /// Three versions of an endpoint.
    Conflict = "versions", "a conflict";
    /// The Gateway tab.
    Gateway = "gateway", "the Gateway tab";
    /// The faults on it.
    GatewayFaults = "faults", "the faults";
    /// A choice on the welcome screen.
    Welcome = "welcome", "the welcome screen";
    /// A text field on the welcome screen.
    WelcomeForm = "welcome-form", "the welcome screen";
    /// The list of contexts.
    Contexts = "contexts", "the contexts";
    /// A menu of what can be copied.
    Copy = "copy-menu", "the copy menu";
    /// Something to read that scrolls: JSON, the log, notices.
    Reader = "reader", "a text";
    /// The help, which is filtered by typing.
    Help = "help-page", "the help";
    /// A card of the tour.
    Tour = "tour-card", "the tour";
    /// The palette, which is filtered by typing.
    Palette = "action-list", "the palette";
    /// The Traffic tab.
    Traffic = "traffic", "the traffic";
    /// The History tab.
    History = "history", "the history";
    /// A plan that runs.
    Running = "running-plan", "a plan that runs";
    /// A plan that has run, and not all of it went well.
    PlanOver = "stopped-plan", "a plan that has stopped";
    /// A text field of what is sent to try a slug.
    TryIt = "trial", "a trial";
    /// The key with which a slug is tried.
    TryItKey = "trial-key", "a trial";
    /// A slug that answers.
    TryItRunning = "running-trial", "a trial that runs";
    /// Nothing but what works everywhere.
    Nothing = "nothing", "nowhere in particular";
}

impl Place {
    /// The place of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|place| place.name() == name)
    }

    /// True where something is looked at, and nothing is being changed, chosen or typed.
    #[must_use]
    pub fn is_browsing(self) -> bool {
        matches!(
            self,
            Self::List
                | Self::Detail
                | Self::Board
                | Self::Traffic
                | Self::History
                | Self::Gateway
                | Self::GatewayFaults
                | Self::Welcome
        )
    }

    /// True where something is being made up or decided: a letter that works everywhere does nothing here, so that
    /// no slip of a finger leaves it.
    #[must_use]
    pub fn holds_draft(self) -> bool {
        matches!(
            self,
            Self::Repoint
                | Self::Form
                | Self::FormChoice
                | Self::Confirm
                | Self::Question
                | Self::TypedQuestion
                | Self::Conflict
                | Self::WelcomeForm
                | Self::Running
                | Self::PlanOver
                | Self::TryIt
                | Self::TryItKey
                | Self::TryItRunning
        )
    }

    /// True where a text field has the keys, so that every printable one is a letter.
    #[must_use]
    pub fn takes_text(self) -> bool {
        matches!(
            self,
            Self::Filter
                | Self::Repoint
                | Self::Form
                | Self::TypedQuestion
                | Self::TryIt
                | Self::WelcomeForm
                | Self::Help
                | Self::Palette
        )
    }
}
